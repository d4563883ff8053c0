"""Words that open something: they allow what was refused before, if their time is later than that of the refusal.

A yes, a word that somebody is of age, a suppression that ends or is lifted, a decision on who is one person, and
whatever begins a new record after an erasure. The time of such a word is never later than the record that brought it
(`envelope.not_after`).
"""

from events.interactions.anywhere import ConsentChanged
from events.interactions.base import InteractionData, SourcedData
from events.interactions.commands import ContactSuppressed
from events.producer_structs import ProducerData, ProducerProvenance
from events.registry import BY_NAME, types_that

TIME_SENT = "time_sent"
"""The field of `data` with the time that the producer gave, where the interaction has an earlier one."""

CLOCK_AHEAD_MS = 60_000
"""A producer's time that is further ahead is told and counted: less is what clocks differ by."""
TIME_AHEAD = "time: ahead of the clock that received it, so it is dated by that clock; mend the sender's clock"
"""Warning to a producer whose word opens something and is dated ahead."""

_MAY_OPEN = types_that(lambda spec: spec.opens != "never")


def may_open(type_: str, data: ProducerData) -> bool:
    """Whether an event may open something, by a look that costs little: never False where `opens` is True."""
    if type_ in _MAY_OPEN:
        return True
    provenance = getattr(data, "provenance", None)
    return isinstance(provenance, ProducerProvenance) and provenance.of_age is True


def opens(type_: str, data: InteractionData) -> bool:
    """Whether an interaction opens something. A suppression that ends takes the place of one that does not."""
    if isinstance(data, SourcedData) and data.provenance is not None and data.provenance.of_age is True:
        return True
    match BY_NAME[type_].opens:
        case "always":
            return True
        case "when_granted":
            return isinstance(data, ConsentChanged) and data.granted
        case "when_ending":
            return isinstance(data, ContactSuppressed) and data.until is not None
        case "never":
            return False
