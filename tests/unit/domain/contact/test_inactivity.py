"""An erasure of who has done nothing, as judged by what is known of the person where it is heard."""

from streams.domain.contact import ContactState, FoldOutcome, fold
from streams.domain.contact.identity.inactivity import judged
from streams.domain.contact.state import ErasureIfInactive, Fact
from tests.unit.domain.contact.said import DAY, HOUR, NOON

GIFT = Fact("form.submitted", NOON, "team/a", "1", NOON)


def erasure(since: int, time: int = NOON + DAY) -> ErasureIfInactive:
    return ErasureIfInactive("contact.erased_if_inactive", time, "office/desk", "erase", NOON + DAY, since=since)


def erase(state: ContactState, command: Fact) -> tuple[ContactState, FoldOutcome]:
    after, [outcome] = fold(state, [judged(command, "c1", state, {})])
    return after, outcome


def test_a_time_that_had_not_come_when_it_was_decided_erases_nobody() -> None:
    """What is in the topic already, of a version before: by it nothing would count until that time had come."""
    known = fold(ContactState(), [GIFT])[0]
    for since in (NOON + DAY, NOON + 99 * DAY):
        assert erase(known, erasure(since)) == (known, FoldOutcome.IN_VAIN)
    assert erase(known, erasure(NOON + HOUR))[1] is FoldOutcome.APPLIED
