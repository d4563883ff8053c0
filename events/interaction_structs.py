"""Structs of most records of `interactions`, decoded in a fifth of the time of the models.

The models decide: a struct accepts nothing that its model refuses, and a record that it does not accept is left to the
model. So a struct may be stricter, and one may serve several types.
"""

from collections.abc import Callable
from typing import Annotated, Literal, Union, cast

from msgspec import DecodeError, Meta, Struct, ValidationError, convert, defstruct
from msgspec.json import Decoder
from msgspec.structs import fields

from events.cloudevents import Head
from events.contact import HASH_PATTERN, REGION_PATTERN, is_time_zone
from events.fields import CONTACT_ID_PATTERN, LABEL_PATTERN, MAX_AMOUNT, MAX_ANSWERS, MAX_ID, MAX_TAGS, MAX_TEXT
from events.interactions.base import InteractionData, NoticeWay, ProvenanceKind, Purpose
from events.interactions.canvass import QUESTION_PATTERN, Method, Outcome
from events.interactions.donation import CURRENCY_PATTERN, DONATION_ID_PATTERN, Period
from events.json_types import JSON
from events.mailboxes import Mailbox
from events.provenance_kinds import AGE_BAND_PATTERN, Sex
from events.registry import MODELS
from events.times import parse_time


def whole_pattern(pattern: str) -> Meta:
    """A pattern of a model for msgspec: its `$` is the very end, where Python's would let a line break follow."""
    return Meta(pattern=pattern.removesuffix("$") + r"\Z")


Id = Annotated[str, Meta(min_length=1, max_length=MAX_ID)]
Name = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)]
Text = Annotated[str, Meta(max_length=MAX_TEXT)]
Tags = Annotated[list[Name], Meta(max_length=MAX_TAGS)]
SystemName = Annotated[str, Meta(max_length=MAX_ID), whole_pattern(r"^[^\x00-\x1f]+$")]
QuestionId = Annotated[str, Meta(max_length=MAX_TEXT), whole_pattern(QUESTION_PATTERN)]
Answers = Annotated[dict[QuestionId, Text | int | float | bool], Meta(max_length=MAX_ANSWERS)]

Label = Annotated[str, whole_pattern(LABEL_PATTERN)]
Hash = Annotated[str, whole_pattern(HASH_PATTERN)]


class ContactStruct(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """The struct of a `HashedContact`."""

    contact_id: Annotated[str, whole_pattern(CONTACT_ID_PATTERN)] | None = None
    voter_id: Annotated[str, whole_pattern("^voter:[0-9a-f]{32}$")] | None = None
    external: dict[SystemName, Annotated[str, whole_pattern("^external:[0-9a-f]{32}$")]] | None = None
    email: Annotated[str, whole_pattern("^email:[0-9a-f]{32}$")] | None = None
    phone: Annotated[str, whole_pattern("^phone:[0-9a-f]{32}$")] | None = None
    mailbox: Mailbox | None = None
    voter_state: Annotated[str, whole_pattern("^[A-Z]{2}$")] | None = None
    aliases: dict[Hash, list[Hash]] | None = None
    region: Annotated[str, whole_pattern(REGION_PATTERN)] | None = None
    postal_code: Text | None = None
    time_zone: Text | None = None
    language: Text | None = None
    household: Id | None = None

    def __post_init__(self) -> None:
        if self.time_zone is not None and not is_time_zone(self.time_zone):
            raise ValueError


class Arm(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """The struct of an `ExperimentArm`."""

    id: Id
    variant: Name


class DataStruct(Struct, frozen=True, gc=False, kw_only=True):
    """The struct of an `InteractionData`."""

    contact: ContactStruct
    team: Text | None = None
    campaign_id: Id | None = None
    universe: Text | None = None
    turf: Text | None = None


class ProvenanceStruct(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """The struct of a `Provenance`."""

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
            if time is not None and parse_time(time) is None:
                raise ValueError


class MessageStruct(DataStruct, frozen=True, gc=False, kw_only=True):
    """The struct of any event of an e-mail or a text."""

    message_id: Id
    purpose: Purpose = "informational"
    list_id: Id | None = None
    sender: Name | None = None
    experiment: Arm | None = None
    user_agent: Text | None = None
    machine: bool | None = None
    url: Text | None = None
    reason: Text | None = None


class DonationStruct(DataStruct, frozen=True, gc=False, kw_only=True):
    """The struct of a `DonationMade`."""

    donation_id: Annotated[Id, whole_pattern(DONATION_ID_PATTERN)]
    amount: Annotated[int, Meta(gt=0, le=MAX_AMOUNT)]
    currency: Annotated[str, whole_pattern(CURRENCY_PATTERN)]
    pledge_id: Id | None = None
    period: Period | None = None
    instalment: Annotated[int, Meta(ge=0)] | None = None
    committee: Name | None = None
    election: Text | None = None
    refcode: Text | None = None
    provenance: ProvenanceStruct | None = None


class ReportStruct(DataStruct, frozen=True, gc=False, kw_only=True):
    """The struct of a `CanvassReported`."""

    method: Method
    outcome: Outcome
    report_id: Id | None = None
    canvasser_id: Id | None = None
    support: Annotated[int, Meta(ge=1, le=5)] | None = None
    answers: Answers | None = None
    tags_added: Tags | None = None
    tags_removed: Tags | None = None
    experiment: Arm | None = None
    provenance: ProvenanceStruct | None = None


class AssignmentStruct(DataStruct, frozen=True, gc=False, kw_only=True):
    """The struct of an `ExperimentAssigned`, since an experiment may assign everybody."""

    experiment: Arm
    cluster: Text | None = None


_STRUCTS: tuple[type[DataStruct], ...] = (MessageStruct, DonationStruct, ReportStruct, AssignmentStruct)


def _struct_of(model: type[InteractionData]) -> type[DataStruct] | None:
    """The struct that has every field of a model and requires the same ones; None where there is none."""
    required = {name for name, field in model.model_fields.items() if field.is_required()}
    for struct in _STRUCTS:
        known = fields(struct)
        if model.model_fields.keys() <= {field.name for field in known} and required == {
            field.name for field in known if field.required
        }:
            return struct
    return None


INTERACTION_STRUCTS: dict[str, type[DataStruct]] = {
    type_: struct for type_, model in MODELS.items() if (struct := _struct_of(model)) is not None
}
"""The struct of `data`, for each type that has one."""


def read_data_struct(type_: str, data: JSON) -> DataStruct | None:
    """The `data` of a harmonised interaction as a struct; None: use the type's model."""
    struct = INTERACTION_STRUCTS.get(type_)
    if struct is None:
        return None
    try:
        return convert(data, struct)
    except ValidationError:
        return None


class InteractionStruct(Struct, frozen=True, gc=False, kw_only=True, tag_field="type", forbid_unknown_fields=True):
    """The struct of a whole record of `interactions`; one with an unknown field has none, see `read_event_struct`."""

    specversion: Literal["1.0"]
    id: Id
    source: Id
    time: Text
    dataschema: Text | None = None
    data: DataStruct

    @property
    def head(self) -> Head:
        """`id`, `source`, `type`, `dataschema`."""
        type_: str = self.__struct_config__.tag  # type: ignore[assignment]  # `cast` is a call, for each record
        return self.id, self.source, type_, self.dataschema


def _event_of(type_: str, data: type[DataStruct]) -> type[InteractionStruct]:
    known = defstruct(data.__name__, [], bases=(data,), frozen=True, forbid_unknown_fields=True)
    event = defstruct(type_, [("data", known)], bases=(InteractionStruct,), frozen=True, kw_only=True, tag=type_)
    return cast(type[InteractionStruct], event)


_decode: Callable[[bytes], InteractionStruct] = Decoder(
    Union[tuple(_event_of(type_, data) for type_, data in INTERACTION_STRUCTS.items())]  # noqa: UP007 - as many as there are
).decode


def read_event_struct(value: bytes) -> InteractionStruct | None:
    """Decode a record of `interactions` at once, its time not judged yet. None: decode it field by field.

    A decoder does not check values that it skips, so an unknown field might hold anything; hence none may be there.
    """
    try:
        return _decode(value)
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return None
