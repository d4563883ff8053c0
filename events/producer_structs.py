"""Structs of the events that most producers send, decoded straight from JSON in a tenth of the time of the models.

The models decide, as with `interaction_structs`: a struct accepts nothing that its model refuses or changes, and keeps
the model's order of fields, in which an interaction is written. A struct refuses unknown fields, which the model keeps:
a decoder does not check values that it skips, be it broken UTF-8 or a number out of range.
"""

from typing import Annotated, Any, Literal, Union, cast, get_origin

from msgspec import UNSET, Meta, Struct, UnsetType, defstruct
from msgspec.json import Decoder

from events import fields
from events.contact import REGION_PATTERN, is_time_zone
from events.fields import CONTACT_ID_PATTERN, MAX_AMOUNT, MAX_ANSWERS, MAX_ID, MAX_URL, kinds_of
from events.interaction_structs import Arm, Id, Label, Name, QuestionId, Tags, Text, whole_pattern
from events.interactions.base import InteractionData, NoticeWay, ProvenanceKind, Purpose
from events.interactions.donation import CURRENCY_PATTERN, DONATION_ID_PATTERN
from events.mailboxes import Mailbox
from events.provenance_kinds import AGE_BAND_PATTERN, Sex
from events.registry import MODELS
from events.times import parse_to_rendered

_MOST = 2**63 - 1
"""The largest integer: larger ones are floats to some JSON decoders and integers to others."""

Url = Annotated[str, Meta(max_length=MAX_URL)]
LowerCaseSystem = Annotated[str, Meta(max_length=MAX_ID), whole_pattern(r"^[!-@\[-~]+$")]
NotBlank = Annotated[str, Meta(max_length=MAX_ID, pattern=r"\S")]


class ProducerContact(Struct, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """The struct of a `Contact`. A producer may not set `mailbox`, which intake adds."""

    contact_id: Annotated[str, whole_pattern(CONTACT_ID_PATTERN)] | None = None
    voter_id: Annotated[str, Meta(max_length=MAX_ID, pattern=r"^ *[A-Za-z]{2} *:.*[!-~]")] | None = None
    external: dict[LowerCaseSystem, NotBlank] | None = None
    email: Text | None = None
    phone: Text | None = None
    region: Annotated[str, whole_pattern(REGION_PATTERN)] | None = None
    postal_code: Text | None = None
    time_zone: Text | None = None
    language: Text | None = None
    household: Id | None = None
    mailbox: Mailbox | None = None

    def __post_init__(self) -> None:
        if self.mailbox is not None or (self.time_zone is not None and not is_time_zone(self.time_zone)):
            raise ValueError


class ProducerProvenance(Struct, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """The struct of a `Provenance` whose times are written as an interaction has them."""

    kind: ProvenanceKind
    obtained_at: Text | None = None
    file: Label | None = None
    notice: Label | None = None
    of_age: bool | None = None
    age_band: Annotated[str, whole_pattern(AGE_BAND_PATTERN)] | None = None
    sex: Sex | None = None
    polling_station: Label | None = None
    notice_by: NoticeWay | None = None
    notice_at: Text | None = None
    purpose: Label | None = None

    def __post_init__(self) -> None:
        for time in (self.obtained_at, self.notice_at):
            if time is not None:
                parsed = parse_to_rendered(time)
                if parsed is None or parsed[1] != time:
                    raise ValueError


class ProducerData(Struct, gc=False, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The struct of an `InteractionData`."""

    contact: ProducerContact
    team: Text | None = None
    campaign_id: Id | None = None
    universe: Text | None = None
    turf: Text | None = None


class ProducerMessage(ProducerData, kw_only=True):
    """The struct of any event of an e-mail or a text."""

    message_id: Id
    purpose: Purpose | None = None

    def __post_init__(self) -> None:
        if self.purpose is None:
            self.purpose = "informational"


_KINDS = (
    (fields.Id, Id),
    (fields.Name, Name),
    (fields.Text, Text),
    (fields.Url, Url),
    (bool, bool),
    (fields.Label, Label),
)
"""What is usual in a field of these kinds."""

_FIELDS: dict[str, Any] = {
    "provenance": ProducerProvenance,
    "list_id": Id,
    "sender": Name,
    "experiment": Arm,
    "donation_id": Annotated[Id, whole_pattern(DONATION_ID_PATTERN)],
    "amount": Annotated[int, Meta(gt=0, le=MAX_AMOUNT)],
    "currency": Annotated[str, whole_pattern(CURRENCY_PATTERN)],
    "instalment": Annotated[int, Meta(ge=0, le=_MOST)],
    "committee": Name,
    "election": Name,
    "support": Annotated[int, Meta(ge=1, le=5)],
    "answers": Annotated[
        dict[QuestionId, Text | Annotated[int, Meta(ge=-_MOST, le=_MOST)] | bool], Meta(max_length=MAX_ANSWERS)
    ],
    "tags_added": Tags,
    "tags_removed": Tags,
}
"""The accepted values of each field, whatever its type of event. A type that requires another field has no struct."""


class ProducerEvent(Struct, gc=False, kw_only=True, tag_field="type", forbid_unknown_fields=True):
    """A CloudEvent in structured mode, without extensions that would be passed on.

    `subject`, `partitionkey` and `datacontenttype` are dropped.
    """

    specversion: Literal["1.0"]
    id: Id
    source: Id
    time: Text
    dataschema: Url | UnsetType = UNSET
    datacontenttype: Text | None = None
    subject: Text | None = None
    partitionkey: Text | None = None
    data: ProducerData


def _usual(kind: object) -> Any:
    """The accepted values of any field of this kind, of a few words those of the model; None: not known."""
    if get_origin(kind) is Literal:
        return kind
    return next((usual for each, usual in _KINDS if each == kind), None)


def data_struct_of(model: type[InteractionData]) -> type[ProducerData] | None:
    """A struct of a model's fields in their order; None if one of an unknown kind is required, or one has a default."""
    base = ProducerMessage if {"message_id", "purpose"} <= model.model_fields.keys() else ProducerData
    kinds = kinds_of(model)
    known: list[Any] = []
    for name, info in model.model_fields.items():
        if name in base.__struct_fields__:
            continue
        usual = _FIELDS.get(name) or _usual(kinds[name])
        if not info.is_required() and info.default is not None:
            return None
        if usual is not None:
            known.append((name, usual) if info.is_required() else (name, usual | None, None))
        elif info.is_required():
            return None
    return cast(type[ProducerData], defstruct(model.__name__, known, bases=(base,), kw_only=True))


def _event_of(type_: str, data: type[ProducerData]) -> type[ProducerEvent]:
    event = defstruct(data.__name__, [("data", data)], bases=(ProducerEvent,), kw_only=True, tag=type_)
    return cast(type[ProducerEvent], event)


PRODUCER_EVENTS: dict[str, type[ProducerEvent]] = {
    type_: _event_of(type_, data) for type_, model in MODELS.items() if (data := data_struct_of(model)) is not None
}
"""The struct of a whole event, by type."""

producer_decoder: Decoder[ProducerEvent] = Decoder(Union[tuple(PRODUCER_EVENTS.values())])  # noqa: UP007 - of types that are counted here
