"""What every interaction carries, and the small values that several of them share."""

from events.contact import Contact
from events.fields import Id, Model, Name, Text
from events.reaching import Channel, Purpose

__all__ = ["Channel", "ExperimentArm", "InteractionData", "Purpose", "Reference"]


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
