"""What most records of `interactions` hold, as structs that are read in a fifth of the time of their models.

The models stay the judges: a struct takes nothing that its model refuses, and what a struct does not take is for the
model to take, or to refuse in its words. So it may be stricter, and one struct may serve several types.
"""

from collections.abc import Callable
from typing import Annotated, Literal, Union, cast

from msgspec import DecodeError, Meta, Struct, ValidationError, convert, defstruct
from msgspec.json import Decoder
from msgspec.structs import fields

from events.cloudevents import Head
from events.contact import HASH_PATTERN, REGION_PATTERN, is_time_zone
from events.fields import CONTACT_ID_PATTERN, MAX_AMOUNT, MAX_ANSWERS, MAX_ID, MAX_TAGS, MAX_TEXT
from events.interactions.base import InteractionData, Purpose
from events.interactions.canvass import QUESTION_PATTERN, Method, Outcome
from events.interactions.donation import CURRENCY_PATTERN, DONATION_ID_PATTERN, Period
from events.json_types import JSON
from events.mailboxes import Mailbox
from events.registry import MODELS


def whole(pattern: str) -> Meta:
    """The `$` of the models' patterns is the very end; Python's would let a line break follow."""
    return Meta(pattern=pattern.removesuffix("$") + r"\Z")


Id = Annotated[str, Meta(min_length=1, max_length=MAX_ID)]
Name = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)]
Text = Annotated[str, Meta(max_length=MAX_TEXT)]
Tags = Annotated[list[Name], Meta(max_length=MAX_TAGS)]
SystemName = Annotated[str, Meta(max_length=MAX_ID), whole(r"^[^\x00-\x1f]+$")]
QuestionId = Annotated[str, Meta(max_length=MAX_TEXT), whole(QUESTION_PATTERN)]
Answers = Annotated[dict[QuestionId, Text | int | float | bool], Meta(max_length=MAX_ANSWERS)]


Hash = Annotated[str, whole(HASH_PATTERN)]


class UsualContact(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A `HashedContact`."""

    contact_id: Annotated[str, whole(CONTACT_ID_PATTERN)] | None = None
    voter_id: Annotated[str, whole("^voter:[0-9a-f]{32}$")] | None = None
    external: dict[SystemName, Annotated[str, whole("^external:[0-9a-f]{32}$")]] | None = None
    email: Annotated[str, whole("^email:[0-9a-f]{32}$")] | None = None
    phone: Annotated[str, whole("^phone:[0-9a-f]{32}$")] | None = None
    mailbox: Mailbox | None = None
    voter_state: Annotated[str, whole("^[A-Z]{2}$")] | None = None
    aliases: dict[Hash, list[Hash]] | None = None
    region: Annotated[str, whole(REGION_PATTERN)] | None = None
    postal_code: Text | None = None
    time_zone: Text | None = None
    language: Text | None = None
    household: Id | None = None

    def __post_init__(self) -> None:
        if self.time_zone is not None and not is_time_zone(self.time_zone):
            raise ValueError


class Arm(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """An `ExperimentArm`."""

    id: Id
    variant: Name


class UsualData(Struct, frozen=True, gc=False, kw_only=True):
    """An `InteractionData`."""

    contact: UsualContact
    team: Text | None = None
    campaign_id: Id | None = None
    universe: Text | None = None
    turf: Text | None = None


class UsualMessage(UsualData, frozen=True, gc=False, kw_only=True):
    """An e-mail or a text, whatever became of it."""

    message_id: Id
    purpose: Purpose = "informational"
    list_id: Id | None = None
    sender: Name | None = None
    experiment: Arm | None = None
    user_agent: Text | None = None
    machine: bool | None = None
    url: Text | None = None
    reason: Text | None = None


class UsualDonation(UsualData, frozen=True, gc=False, kw_only=True):
    """A `DonationMade`."""

    donation_id: Annotated[Id, whole(DONATION_ID_PATTERN)]
    amount: Annotated[int, Meta(gt=0, le=MAX_AMOUNT)]
    currency: Annotated[str, whole(CURRENCY_PATTERN)]
    pledge_id: Id | None = None
    period: Period | None = None
    instalment: Annotated[int, Meta(ge=0)] | None = None
    committee: Name | None = None
    election: Text | None = None
    refcode: Text | None = None


class UsualReport(UsualData, frozen=True, gc=False, kw_only=True):
    """A `CanvassReported`."""

    method: Method
    outcome: Outcome
    report_id: Id | None = None
    canvasser_id: Id | None = None
    support: Annotated[int, Meta(ge=1, le=5)] | None = None
    answers: Answers | None = None
    tags_added: Tags | None = None
    tags_removed: Tags | None = None
    experiment: Arm | None = None


class UsualAssignment(UsualData, frozen=True, gc=False, kw_only=True):
    """An `ExperimentAssigned`: thousands of experiments assign everybody."""

    experiment: Arm
    cluster: Text | None = None


_STRUCTS: tuple[type[UsualData], ...] = (UsualMessage, UsualDonation, UsualReport, UsualAssignment)


def _struct_of(model: type[InteractionData]) -> type[UsualData] | None:
    """The struct that judges every field of a model, and requires what the model requires; None: there is none."""
    required = {name for name, field in model.model_fields.items() if field.is_required()}
    for struct in _STRUCTS:
        known = fields(struct)
        if model.model_fields.keys() <= {field.name for field in known} and required == {
            field.name for field in known if field.required
        }:
            return struct
    return None


USUAL: dict[str, type[UsualData]] = {
    type_: struct for type_, model in MODELS.items() if (struct := _struct_of(model)) is not None
}
"""The struct of each type that has one."""


def usual_data(type_: str, data: JSON) -> UsualData | None:
    """The `data` of a harmonised interaction. None: ask the type's model."""
    struct = USUAL.get(type_)
    if struct is None:
        return None
    try:
        return convert(data, struct)
    except ValidationError:
        return None


class UsualEvent(Struct, frozen=True, gc=False, kw_only=True, tag_field="type", forbid_unknown_fields=True):
    """A whole record, read from its bytes at once; one with a field that nobody knows is not, see `usual_event`."""

    specversion: Literal["1.0"]
    id: Id
    source: Id
    time: Text
    dataschema: Text | None = None
    data: UsualData

    @property
    def head(self) -> Head:
        """`id`, `source`, `type`, `dataschema`."""
        return self.id, self.source, cast(str, self.__struct_config__.tag), self.dataschema


def _event_of(type_: str, data: type[UsualData]) -> type[UsualEvent]:
    known = defstruct(data.__name__, [], bases=(data,), frozen=True, forbid_unknown_fields=True)
    event = defstruct(type_, [("data", known)], bases=(UsualEvent,), frozen=True, kw_only=True, tag=type_)
    return cast(type[UsualEvent], event)


_decode: Callable[[bytes], UsualEvent] = Decoder(
    Union[tuple(_event_of(type_, data) for type_, data in USUAL.items())]  # noqa: UP007 - as many as there are
).decode


def usual_event(value: bytes) -> UsualEvent | None:
    """The event in a record of `interactions`, its time not judged yet. None: read it field by field.

    What a decoder skips it does not look at, so a field that it does not know might hold anything; hence none may be.
    """
    try:
        return _decode(value)
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return None
