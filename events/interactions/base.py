"""What every interaction carries, and the small values that several of them share."""

from typing import Annotated, Literal

from pydantic import BeforeValidator

from events.channels import Channel, Purpose, canonical_purpose
from events.contact import Contact
from events.fields import Id, Model, Name, Text

__all__ = ["Channel", "ExperimentArm", "InteractionData", "Purpose", "Reference"]

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


class ExperimentArm(Model):
    """The variant of an experiment that this person was given."""

    id: Id
    variant: Name


class Reference(Model):
    """Another interaction, by its `source` and `id`."""

    source: Id
    id: Id
