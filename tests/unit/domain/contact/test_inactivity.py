"""An erasure of who has done nothing, as judged by what is known of the person where it is heard."""

from events.identity_links import CanonicalId, CommandStamp
from streams.domain.contact import ContactState, FoldOutcome, fold
from streams.domain.contact.identity.identity_assignment import moved
from streams.domain.contact.identity.identity_status import Erasure, IdentityStatus
from streams.domain.contact.identity.inactivity import judged
from streams.domain.contact.state import Consent, ConsentTerms, ErasureIfInactive, Fact
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


YES = Consent("all", granted=True, terms=ConsentTerms(basis="legitimate_interest"))
ERASED = Erasure(NOON + HOUR, "office/desk", "old")


def test_who_was_erased_later_than_they_acted_and_began_anew_by_the_word_of_others_is_erased_again() -> None:
    """Their gift is of before the time that the command names, under a name that the erasure did not reach."""
    place = IdentityStatus(told=6, swept=5, marks=True, erased=ERASED, parts=("b",), linked=True)
    yes = Fact("consent.changed", NOON + 2 * HOUR, "a/supplier", "2", NOON + 2 * HOUR, detail=YES)
    known = fold(ContactState(place=place), [yes])[0]
    other = fold(ContactState(place=IdentityStatus(told=7, roof="c1", linked=True)), [GIFT])[0]
    command = judged(erasure(NOON), "c1", known, {"b": other})
    after, [outcome] = fold(known, [command])
    assert (outcome, after.facts) == (FoldOutcome.APPLIED, {})
    assert after.place is not None
    assert after.place.erased == Erasure(ERASED.time + 1, "office/desk", "erase")


def test_a_part_that_was_erased_later_than_the_command_says_and_began_anew_goes_with_the_person() -> None:
    yes = Fact("consent.changed", NOON + 2 * HOUR, "a/supplier", "2", NOON + 2 * HOUR, detail=YES)
    apart = ContactState(place=IdentityStatus(told=5, swept=5, marks=True, erased=ERASED, roof="c1", linked=True))
    part = fold(apart, [yes])[0]
    known = fold(ContactState(), [GIFT])[0]
    command = judged(erasure(NOON), "c1", known, {"b": part})
    stamp = CommandStamp(command.time, command.source, command.id)
    assert part.facts
    assert not moved(part, "b", 9, CanonicalId("c1", 9, stamp)).facts
