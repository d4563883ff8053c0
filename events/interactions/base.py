"""What every interaction carries, and the small values that several of them share."""

from typing import Annotated, Literal

from pydantic import BeforeValidator

from events.channels import Channel, Purpose, canonical_purpose
from events.contact import Contact
from events.fields import Id, Label, Model, Name, Text, Timestamp

__all__ = [
    "Channel",
    "ExperimentArm",
    "InteractionData",
    "Provenance",
    "ProvenanceKind",
    "Purpose",
    "Reference",
    "SourcedData",
]

ProvenanceKind = Literal[
    "self", "voter_list", "rented", "sponsorship", "canvass", "vendor", "petition", "staff", "civic_register"
]
"""From whom: the person, an electoral roll, a hired list, somebody who knows them, a canvasser, a supplier of data.

The last three were made for another purpose, and a deployment may take nothing from them (`purpose_wall.py`): a file of
who signed a petition, of staff, of a public authority.
"""

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
    `rolls-2026-02`. `notice`: the version of the notice that the person was given about it.
    """

    kind: ProvenanceKind
    obtained_at: Timestamp | None = None
    file: Label | None = None
    notice: Label | None = None


class SourcedData(InteractionData):
    """`data` that may say where it comes from. A message may not: it says how somebody was reached."""

    provenance: Provenance | None = None


class ExperimentArm(Model):
    """The variant of an experiment that this person was given."""

    id: Id
    variant: Name


class Reference(Model):
    """Another interaction, by its `source` and `id`."""

    source: Id
    id: Id
