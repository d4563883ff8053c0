"""The fast path of intake: harmonises most records in less than half the time of `decode` and `take_in`.

It never refuses: a record that it does not know takes the slow path, which gives the reason. A property test holds both
to the same bytes.
"""

from functools import lru_cache

from msgspec import DecodeError, Struct, UnsetType
from msgspec.json import Encoder
from msgspec.structs import asdict

from events.cloudevents import is_binary, is_version_1
from events.dead_letters import RECORD_TIME
from events.envelope import MAX_AHEAD_MS, Record, headers_too_long
from events.fields import MAX_RECORD_BYTES
from events.harmonised import IntakeResult, team_of, tells_mailbox
from events.identifiers import Hasher, voter_state
from events.json_types import JSON
from events.opening_words import may_open
from events.producer_structs import ProducerContact, ProducerData, ProducerEvent, producer_decoder
from events.registry import TOPICS_OF
from events.times import parse_to_rendered


class _Harmonised(Struct, gc=False, omit_defaults=True):
    """An event with its attributes in the order in which an interaction is written."""

    specversion: str
    id: str
    source: str
    type: str
    time: str
    dataschema: str | UnsetType
    data: ProducerData


class _Telling(ProducerContact):
    """A hashed contact with the fields that its hashes hide, which no producer may set."""

    voter_state: str | None = None
    aliases: dict[str, JSON] | None = None

    def __post_init__(self) -> None:
        """Skip the checks for producers: intake itself has set fields that those may not."""


_encode = Encoder().encode


def harmonise_fast(record: Record, hasher: Hasher) -> IntakeResult | None:
    """The result of `decode` and `take_in` for a record that the fast path knows; None for any other: call those."""
    event = _read(record)
    if event is None:
        return None
    type_: str = event.__struct_config__.tag  # type: ignore[assignment]  # `cast` is a call, for each record
    parsed = parse_to_rendered(event.time)
    schema, data = event.dataschema, event.data
    if parsed is None or record.topic not in TOPICS_OF[type_]:
        return None
    if parsed[0] > record.appended_at and (parsed[0] > record.appended_at + MAX_AHEAD_MS or may_open(type_, data)):
        return None
    if not (isinstance(schema, UnsetType) or is_version_1(schema)):
        return None
    hidden = _hidden(data.contact, hasher)
    fragment = _hash(type_, data.contact, hasher)
    if fragment is None:
        return None
    if hidden is not None:
        data.contact = _with(hidden, data.contact)
    if data.team == "":
        data.team = team_of(event.source)
    value = _encode(_Harmonised("1.0", event.id, event.source, type_, parsed[1], schema, data))
    if data.team is not None:
        return fragment, value, data.team, type_
    return fragment, value[:-2] + _closing(event.source), team_of(event.source), type_


@lru_cache(maxsize=1_024)
def _closing(source: str) -> bytes:
    """The bytes that replace `}}`, the end of data and event, when data names no team: the team comes last."""
    return b"," + _encode({"team": team_of(source)})[1:] + b"}"


def _read(record: Record) -> ProducerEvent | None:
    """The event, if the structs know every field of it."""
    value, headers = record.value, record.headers
    if value is None or len(value) > MAX_RECORD_BYTES:
        return None
    if headers and (headers_too_long(headers) or is_binary(headers) or RECORD_TIME in dict(headers)):
        return None
    try:
        return producer_decoder.decode(value)
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _hidden(contact: ProducerContact, hasher: Hasher) -> tuple[str | None, dict[str, JSON] | None] | None:
    """The state of the voter id, and other hashes of the same identifiers; None where there is neither."""
    if contact.voter_id is None and not hasher.may_alias:
        return None
    aliases = hasher.aliases(contact) or None
    if contact.voter_id is None:
        return None if aliases is None else (None, aliases)
    return voter_state(contact.voter_id), aliases


def _with(hidden: tuple[str | None, dict[str, JSON] | None], contact: ProducerContact) -> _Telling:
    state, aliases = hidden
    return _Telling(**asdict(contact), voter_state=state, aliases=aliases)


def _hash(type_: str, contact: ProducerContact, hasher: Hasher) -> str | None:
    """Replace all identifiers by hashes; returns the strongest, or None where none is usable."""
    external = None
    if contact.voter_id is not None:
        contact.voter_id = hasher.voter(contact.voter_id)
    if contact.external is not None:
        hashed = {system: hasher.external(system, id_) for system, id_ in sorted(contact.external.items())}
        external = next(iter(hashed.values()), None)
        contact.external = hashed or None
    if contact.email is not None:
        _hash_email(type_, contact, contact.email, hasher)
    if contact.phone is not None:
        contact.phone = hasher.phone(contact.phone)
    return contact.contact_id or contact.voter_id or external or contact.email or contact.phone


def _hash_email(type_: str, contact: ProducerContact, text: str, hasher: Hasher) -> None:
    found = hasher.email_and_mailbox(text)
    contact.email, mailbox = (None, None) if found is None else found
    if tells_mailbox(type_):
        contact.mailbox = mailbox
