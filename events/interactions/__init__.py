"""Every type of interaction, its model and the topics it may arrive on. The one place that knows all of them."""

from events import topics
from events.interactions import anywhere, canvass, commands, donation, email, outreach
from events.interactions.base import InteractionData

_BY_TOPIC: dict[str, dict[str, type[InteractionData]]] = {
    topics.EMAIL_EVENTS: email.TYPES | anywhere.TYPES,
    topics.DONATION_EVENTS: donation.TYPES | anywhere.TYPES,
    topics.CANVASS_EVENTS: canvass.TYPES | anywhere.TYPES,
    topics.OUTREACH_EVENTS: outreach.TYPES | anywhere.TYPES,
    topics.CONTACT_COMMANDS: commands.TYPES,
}

MODELS: dict[str, type[InteractionData]] = {
    type_: model for types in _BY_TOPIC.values() for type_, model in types.items()
}
"""The model of each type's `data`."""

TOPICS_OF: dict[str, frozenset[str]] = {
    type_: frozenset(topic for topic, types in _BY_TOPIC.items() if type_ in types) for type_ in MODELS
}
"""The topics on which each type is taken."""


def topic_of(type_: str) -> str:
    """The topic to send a type to; of those that may be sent anywhere the first by name. Empty: no such type."""
    return min(TOPICS_OF.get(type_, ()), default="")


__all__ = ["MODELS", "TOPICS_OF", "InteractionData", "topic_of"]
