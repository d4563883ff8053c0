"""What every interaction carries, and the small values that several of them share."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ValidationError, model_validator

from events.channels import Channel, Purpose, canonical_purpose
from events.contact import Contact
from events.fields import Id, Label, Model, Name, Text, Timestamp
from events.provenance_kinds import AgeBand, NoticeWay, ProvenanceKind, Sex

__all__ = [
    "Channel",
    "ExperimentArm",
    "InteractionData",
    "NoticeWay",
    "Provenance",
    "ProvenanceKind",
    "Purpose",
    "Reference",
    "SourcedData",
]

PurposeAsSaid = Literal["fundraising", "mobilisation", "mobilization", "informational", "transactional"]


TakenPurpose = Annotated[Purpose, BeforeValidator(canonical_purpose, json_schema_input_type=PurposeAsSaid)]
"""A purpose in either spelling. The fast readers know one of them; the other one is for the models."""


class InteractionData(Model):
    """`data` of any interaction. Unknown fields stay in `interactions` and touch no state."""

    contact: Contact
    team: Text | None = None
    campaign_id: Id | None = None
    universe: Text | None = None
    turf: Text | None = None


class Provenance(Model):
    """Where what an interaction says of a person comes from, the identifiers that it names above all.

    `obtained_at`: when it was got, if that was before the interaction. `file`: which list or supplier it was, such as
    `rolls-2026-02`. `notice`: the version of the notice that the person was given about it. `of_age`: whether they may
    vote by their age, as the producer knows it; no birthday is taken. `age_band`, such as `25-34` or `65+`, `sex` and
    `polling_station`: as an electoral roll has them. `notice_by`: how the notice was given, and `notice_at`: when, if
    that was not when the interaction happened; without `notice` both mean nothing. `purpose`: what it was collected
    for, such as `petition-water-2026`; all of a purpose can be forgotten once that is over.
    """

    kind: ProvenanceKind
    obtained_at: Timestamp | None = None
    file: Label | None = None
    notice: Label | None = None
    of_age: bool | None = None
    age_band: AgeBand | None = None
    sex: Sex | None = None
    polling_station: Label | None = None
    notice_by: NoticeWay | None = None
    notice_at: Timestamp | None = None
    purpose: Label | None = None


class SourcedData(InteractionData):
    """`data` that may say where it comes from. A message may not: it says how somebody was reached.

    A no is taken also where what is said along with it cannot be read: `says_no`, `readable`.
    """

    provenance: Provenance | None = None

    @model_validator(mode="before")
    @classmethod
    def _takes_a_no(cls, data: Any) -> Any:
        return cls.readable(data) if isinstance(data, dict) and cls.says_no(data) else data

    @classmethod
    def says_no(cls, data: Mapping[str, object]) -> bool:
        """Whether `data`, not judged yet, is somebody's no."""
        return False

    def protecting(self) -> Self | None:
        """What of it protects the person, and no more: a no, or that a number is not theirs; None: nothing does."""
        return None

    def without(self, *names: str) -> Self:
        """The same without these fields, and without those that its type does not know."""
        left = self.model_copy(update=dict.fromkeys(names))
        (left.model_extra or {}).clear()  # a dict of the copy's own
        return left

    @classmethod
    def readable(cls, data: Mapping[str, object]) -> dict[str, object]:
        """`data` without what cannot be read of fields that had no meaning once, and were kept as they came."""
        found = dict(data)
        if "provenance" in found:
            kept = _readable_provenance(found.pop("provenance"))
            found |= {} if kept is None else {"provenance": kept}
        return found


def _readable_provenance(value: object) -> Mapping[str, object] | None:
    """As much of a provenance as can be read, its kind above all; None: not even that."""
    if not isinstance(value, dict):
        return None
    kept = {name: said for name, said in value.items() if _is_provenance({"kind": "self", name: said})}
    return kept if _is_provenance(kept) else None


def _is_provenance(value: object) -> bool:
    try:
        Provenance.model_validate(value)
    except ValidationError:
        return False
    return True


class ExperimentArm(Model):
    """The variant of an experiment that this person was given."""

    id: Id
    variant: Name


class Reference(Model):
    """Another interaction, by its `source` and `id`."""

    source: Id
    id: Id
