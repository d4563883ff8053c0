"""What most producers send, as structs that are read straight from JSON in a tenth of the time of the models.

The models stay the judges, as in `usual`: a struct takes nothing that its model refuses or changes, and keeps the
model's order of fields, in which an interaction is written. A field that a struct does not know is refused by it: it is
the model's to keep, and what a decoder skips it does not look at, be it broken UTF-8 or a number out of range.
"""

from typing import Annotated, Any, Literal, Union, cast, get_origin

from msgspec import UNSET, Meta, Struct, UnsetType, defstruct
from msgspec.json import Decoder

from events import fields
from events.contact import REGION_PATTERN, is_time_zone
from events.fields import CONTACT_ID_PATTERN, MAX_AMOUNT, MAX_ANSWERS, MAX_ID, MAX_URL, kinds_of
from events.interaction_structs import Arm, Id, Name, QuestionId, Tags, Text, whole
from events.interactions.base import InteractionData, Purpose
from events.interactions.donation import CURRENCY_PATTERN, DONATION_ID_PATTERN
from events.mailboxes import Mailbox
from events.registry import MODELS

_MOST = 2**63 - 1
"""Larger numbers are floats to one reader of JSON and integers to another."""

Url = Annotated[str, Meta(max_length=MAX_URL)]
LowerCaseSystem = Annotated[str, Meta(max_length=MAX_ID), whole(r"^[!-@\[-~]+$")]
NotBlank = Annotated[str, Meta(max_length=MAX_ID, pattern=r"\S")]


class SaidContact(Struct, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """A `Contact`. `mailbox` is for intake to say: nothing usual has it."""

    contact_id: Annotated[str, whole(CONTACT_ID_PATTERN)] | None = None
    voter_id: Annotated[str, Meta(max_length=MAX_ID, pattern=r"^ *[A-Za-z]{2} *:.*[!-~]")] | None = None
    external: dict[LowerCaseSystem, NotBlank] | None = None
    email: Text | None = None
    phone: Text | None = None
    region: Annotated[str, whole(REGION_PATTERN)] | None = None
    postal_code: Text | None = None
    time_zone: Text | None = None
    language: Text | None = None
    household: Id | None = None
    mailbox: Mailbox | None = None

    def __post_init__(self) -> None:
        if self.mailbox is not None or (self.time_zone is not None and not is_time_zone(self.time_zone)):
            raise ValueError


class SaidData(Struct, gc=False, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An `InteractionData`."""

    contact: SaidContact
    team: Text | None = None
    campaign_id: Id | None = None
    universe: Text | None = None
    turf: Text | None = None


class SaidMessage(SaidData, kw_only=True):
    """An e-mail or a text, whatever became of it."""

    message_id: Id
    purpose: Purpose | None = None

    def __post_init__(self) -> None:
        if self.purpose is None:
            self.purpose = "informational"


_KINDS = ((fields.Id, Id), (fields.Name, Name), (fields.Text, Text), (fields.Url, Url), (bool, bool))
"""What is usual in a field of these kinds."""

_FIELDS: dict[str, Any] = {
    "list_id": Id,
    "sender": Name,
    "experiment": Arm,
    "donation_id": Annotated[Id, whole(DONATION_ID_PATTERN)],
    "amount": Annotated[int, Meta(gt=0, le=MAX_AMOUNT)],
    "currency": Annotated[str, whole(CURRENCY_PATTERN)],
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
"""What is usual in other fields, by whatever type they belong to. A type that needs yet another field has no struct."""


class SaidEvent(Struct, gc=False, kw_only=True, tag_field="type", forbid_unknown_fields=True):
    """A CloudEvent in structured mode, with those of its attributes that are not handed on as they are.

    `subject` and `partitionkey` go no further, and `datacontenttype` says what is known.
    """

    specversion: Literal["1.0"]
    id: Id
    source: Id
    time: Text
    dataschema: Url | UnsetType = UNSET
    datacontenttype: Text | None = None
    subject: Text | None = None
    partitionkey: Text | None = None
    data: SaidData


def _usual(kind: object) -> Any:
    """What is usual in any field of this kind, of a few words those of the model; None: nothing is known of it."""
    if get_origin(kind) is Literal:
        return kind
    return next((usual for each, usual in _KINDS if each == kind), None)


def _data_of(model: type[InteractionData]) -> type[SaidData] | None:
    """The struct of a model's fields in their order; None if it needs one of which nothing usual is known."""
    base = SaidMessage if "purpose" in model.model_fields else SaidData
    kinds = kinds_of(model)
    known: list[Any] = []
    for name, info in model.model_fields.items():
        if name in base.__struct_fields__:
            continue
        usual = _FIELDS.get(name) or _usual(kinds[name])
        if usual is not None:
            known.append((name, usual) if info.is_required() else (name, usual | None, None))
        elif info.is_required():
            return None
    return cast(type[SaidData], defstruct(model.__name__, known, bases=(base,), kw_only=True))


def _event_of(type_: str, data: type[SaidData]) -> type[SaidEvent]:
    event = defstruct(data.__name__, [("data", data)], bases=(SaidEvent,), kw_only=True, tag=type_)
    return cast(type[SaidEvent], event)


SAID: dict[str, type[SaidEvent]] = {
    type_: _event_of(type_, data) for type_, model in MODELS.items() if (data := _data_of(model)) is not None
}
"""The struct of a whole event, by its type."""

said_decoder: Decoder[SaidEvent] = Decoder(Union[tuple(SAID.values())])  # noqa: UP007 - of types that are counted here
