"""What the desk keeps of one interaction: a pure function from a record of `interactions` to a row.

Identifiers are not in it but for the fragment, and nothing that a producer may have filled with somebody's words.
"""

from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

import msgspec
from msgspec import Struct

from events.envelope import Interaction
from events.harmonised import read_harmonised, team_of
from events.json_types import JSON, UNREADABLE
from events.registry import BY_NAME, CONSENT_PARTS, MODELS, MONEY_TYPES, TypeSpec
from events.times import parse_time, render_time
from streams.services.console.desk_reading import GIFT, REFUND, REPORT, SUPPORTERS

RETRACTION = "interaction.retracted"
ERASURE = "contact.erased"
TEXT_STOP = "text.opted_out"
TEXTS = ("text.sent", "text.delivered")
CARRIES = ("email.sent", "email.delivered", "experiment.assigned")
"""Types by which a campaign carries the experiment that they name."""
"""Types that name the campaign of a text which somebody answers with STOP."""
_LINKS = frozenset({"contact.linked", "contact.unlinked"})
"""Commands of which no row is kept: they name two people."""
COMMANDS = frozenset(name for name, spec in BY_NAME.items() if spec.is_command)
"""Types that order something, such as a stop that somebody at the console gives."""
UNCOUNTED = frozenset({RETRACTION, *COMMANDS})
"""Types that are in a person's timeline and in no figure."""
OF_NOBODY = frozenset({RETRACTION, *MONEY_TYPES})
"""Types that stay after an erasure, as nobody's."""

_SAME_BY: Mapping[str, str] = {GIFT: "donation_id", REFUND: "refund_id", REPORT: "report_id"}
"""By type the field that tells versions of one thing."""
_OUTCOME_BY = ("outcome", "status", "kind")
_DETAILS = (
    "message_id", "purpose", "list_id", "sender", "experiment", "donation_id", "refund_id", "pledge_id", "period",
    "instalment", "election", "report_id", "support", "event_id", "starts_at", "form_id", "granted", "until",
    "retracts",
)  # fmt: skip


class _Contact(Struct, frozen=True):
    region: str | None = None
    mailbox: str | None = None
    contact_id: str | None = None
    voter_id: str | None = None
    external: dict[str, str] | None = None
    email: str | None = None
    phone: str | None = None


class _Arm(Struct, frozen=True, gc=False):
    id: str
    variant: str


class _Reference(Struct, frozen=True, gc=False):
    source: str
    id: str


class _Data(Struct, frozen=True, kw_only=True):
    contact: _Contact = _Contact()
    team: str | None = None
    campaign_id: str | None = None
    turf: str | None = None
    message_id: str | None = None
    purpose: str | None = None
    list_id: str | None = None
    sender: str | None = None
    experiment: _Arm | None = None
    machine: bool | None = None
    kind: str | None = None
    donation_id: str | None = None
    refund_id: str | None = None
    pledge_id: str | None = None
    amount: int | None = None
    currency: str | None = None
    period: str | None = None
    instalment: int | None = None
    committee: str | None = None
    election: str | None = None
    method: str | None = None
    outcome: str | None = None
    report_id: str | None = None
    support: int | None = None
    status: str | None = None
    event_id: str | None = None
    starts_at: str | None = None
    form_id: str | None = None
    channel: str | None = None
    granted: bool | None = None
    retracts: _Reference | None = None
    until: str | None = None


class _Event(Struct, frozen=True):
    id: str
    source: str
    type: str
    time: str
    data: _Data


_decode = msgspec.json.Decoder(_Event).decode
_encode = msgspec.json.Encoder().encode
_OF_CONTACT = _Contact.__struct_fields__
_OF_TYPE: Mapping[str, frozenset[str]] = {name: frozenset(model.model_fields) for name, model in MODELS.items()}
_DETAILS_OF: Mapping[str, tuple[str, ...]] = {
    name: tuple(field for field in _DETAILS if field in fields) for name, fields in _OF_TYPE.items()
}
_OUTCOME_OF: Mapping[str, str | None] = {
    name: next((field for field in _OUTCOME_BY if field in fields), None) for name, fields in _OF_TYPE.items()
}


class ErasureCommand(NamedTuple):
    """That somebody is to be forgotten. `names`: every identifier that the command names; `time`: ms."""

    names: frozenset[str]
    time: int


class EventRow(NamedTuple):
    """One interaction as the desk keeps it. `labels`: its series, in the order of `desk.LABELS`.

    `about`: by which retractions find it, the same for every fragment that says it. `same`: by which versions of one
    gift, refund or report are found; of a retraction the `about` of what it takes back. `gift`: of a refund the `same`
    of its gift, of a STOP that names no campaign what its text is found by. `text`: of a text, what its STOP finds it
    by. `experiment`: the one that its campaign carries. `begins`: it begins a new record of somebody who was erased.
    """

    labels: tuple[str, ...]
    time: int
    id: str
    fragment: str
    about: int
    key: bytes
    same: int | None
    amount: int
    supporter: int
    machine: int
    message: int
    begins: bool
    details: bytes | None
    gift: int | None
    text: int | None = None
    experiment: str | None = None


def read_event(fragment: str, value: bytes, salt: bytes) -> EventRow | ErasureCommand | None:
    """What a record of `interactions` says; None: intake cannot have written it, or nothing is kept of it.

    `salt`: the desk's own, so that nobody who has another desk or a list of ids can look a key up.
    """
    event = _read(value)
    spec = None if event is None else BY_NAME.get(event.type)
    time = None if event is None else parse_time(event.time)
    if event is None or spec is None or time is None or event.type in _LINKS:
        return None
    if event.type == ERASURE:
        return ErasureCommand(_names(fragment, event.data.contact), time)
    data = event.data
    about = _hash(f"{event.source}\x1f{event.id}", salt)
    money = event.type in MONEY_TYPES
    report = event.type == REPORT
    return EventRow(
        labels=_labels(event, spec),
        time=time,
        id=event.id,
        fragment=fragment,
        about=_number(about),
        key=about + _hash(fragment, salt),
        same=_same(event, salt),
        amount=data.amount if money and data.amount is not None else 0,
        supporter=int(report and data.support in SUPPORTERS),
        machine=int(bool(spec.engagement and data.machine)),
        message=int(spec.is_message),
        begins=spec.begins_record != "never" and begins_record(event.type, msgspec.structs.asdict(data)),
        details=_details(event),
        gift=_gift(event, salt),
        text=text_number(data.message_id, salt) if event.type in TEXTS and data.campaign_id else None,
        experiment=data.experiment.id if event.type in CARRIES and data.campaign_id and data.experiment else None,
    )


def _read(value: bytes) -> _Event | None:
    try:
        return _decode(value)
    except UNREADABLE:
        return _read_with_models(value)


def _read_with_models(value: bytes) -> _Event | None:
    """One with an unknown field that has the name of a known one and is something else."""
    found = read_harmonised(value)
    if not isinstance(found, Interaction):
        return None
    known: dict[str, JSON] = {name: said for name, said in found.data.plain().items() if name in _OF_TYPE[found.type]}
    contact = found.data.contact
    known["contact"] = {name: said for name in _OF_CONTACT if (said := getattr(contact, name, None)) is not None}
    head = {"id": found.id, "source": found.source, "type": found.type, "time": render_time(found.time)}
    return msgspec.convert({**head, "data": known}, _Event)


def _names(fragment: str, contact: _Contact) -> frozenset[str]:
    named = (fragment, contact.contact_id, contact.voter_id, contact.email, contact.phone)
    return frozenset(filter(None, (*named, *(contact.external or {}).values())))


def _labels(event: _Event, spec: TypeSpec) -> tuple[str, ...]:
    type_, data = event.type, event.data
    mail = type_.startswith("email.")
    money = type_ in MONEY_TYPES
    outcome = _OUTCOME_OF[type_]
    return (
        type_,
        data.campaign_id or "",
        data.team or team_of(event.source),
        _channel(type_, data),
        data.contact.region or "",
        data.turf or "",
        event.source,
        (data.contact.mailbox or "other") if mail else "",
        (data.committee or "") if money else "",
        (data.currency or "") if money else "",
        (getattr(data, outcome) or "") if outcome else "",
    )


def _channel(type_: str, data: _Data) -> str:
    if type_ == REPORT:
        return data.method or ""
    if type_ == "consent.changed":
        return data.channel or ""
    return _medium(type_)


@lru_cache(maxsize=64)
def _medium(type_: str) -> str:
    medium = type_.partition(".")[0]
    return medium if medium in ("email", "text") else ""


def _same(event: _Event, salt: bytes) -> int | None:
    if event.type == RETRACTION:
        target = event.data.retracts
        return None if target is None else _number(_hash(f"{target.source}\x1f{target.id}", salt))
    field = _SAME_BY.get(event.type)
    name = None if field is None else getattr(event.data, field)
    return None if name is None else _number(_hash(f"{event.type}\x1f{name}", salt))


def _gift(event: _Event, salt: bytes) -> int | None:
    if event.type == TEXT_STOP:
        return None if event.data.campaign_id else text_number(event.data.message_id, salt)
    name = event.data.donation_id if event.type == REFUND else None
    return None if name is None else _number(_hash(f"{GIFT}\x1f{name}", salt))


def text_number(message_id: str | None, salt: bytes) -> int | None:
    """By which a STOP finds the text that it answers."""
    return None if message_id is None else _number(_hash(f"text\x1f{message_id}", salt))


def message_of(details: bytes | None) -> str | None:
    """The message that an interaction is about, of the details that are kept of it."""
    found: str | None = None if details is None else msgspec.json.decode(details).get("message_id")
    return found


def _details(event: _Event) -> bytes | None:
    data = event.data
    said = {name: value for name in _DETAILS_OF[event.type] if (value := getattr(data, name)) is not None}
    return _encode(said) if said else None


def _hash(text: str, salt: bytes) -> bytes:
    return blake2b(text.encode(errors="surrogatepass"), digest_size=8, key=salt).digest()


def _number(digest: bytes) -> int:
    return int.from_bytes(digest, "big", signed=True)


def begins_record(type_: str, said: Mapping[str, object]) -> bool:
    """Whether a new record of somebody who was erased begins with an interaction that says this."""
    begins = BY_NAME[type_].begins_record
    if begins != "when_granted":
        return begins == "always"
    return said.get("granted") is True and all(said.get(part) is None for part in CONSENT_PARTS)


def key_range(about: int) -> tuple[bytes, bytes]:
    """The first and the last key that an interaction may have, whichever fragment says it."""
    digest = about.to_bytes(8, "big", signed=True)
    return digest + b"\x00" * 8, digest + b"\xff" * 8


def about_of(key: bytes) -> int:
    """By which retractions find the interaction of a key."""
    return _number(key[:8])


def tag_of(name: str, salt: bytes) -> bytes:
    """By which the desk remembers that somebody of this name was erased, without the name."""
    return blake2b(name.encode(errors="surrogatepass"), digest_size=16, key=salt, person=b"erased").digest()
