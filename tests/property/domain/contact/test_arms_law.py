"""Which variants a person was given is told by when the words of each message came, not by what settles together."""

from collections.abc import Sequence

from hypothesis import event, given
from hypothesis import strategies as st

from streams.domain.contact import ContactState, fold
from streams.domain.contact.sections.exposures import TOO_LATE, CarriedVariant
from streams.domain.contact.sections.messages import Message
from streams.domain.contact.state import Fact
from tests.unit.domain.contact.said import DAY, HOUR, NOON

STEPS = st.sampled_from([HOUR, 6 * DAY, 25 * DAY])
"""Two words that settle together may be as far apart as 7 days, and one alone within the 30 of a drop."""
AGES = st.sampled_from([0, 0, 10 * DAY])
ARMS = st.builds(CarriedVariant, st.just("x"), st.sampled_from("AAB"))
TYPES = st.sampled_from(["email.sent", "email.delivered", "email.dropped"])
MESSAGES = st.builds(Message, st.sampled_from(["m0", "m0", "m0", "m1"]))


@st.composite
def words(draw: st.DrawFn) -> list[Fact]:
    """Of two messages, in the order in which they came; some say that a message was dropped."""
    at, facts = NOON, list[Fact]()
    for number in range(draw(st.integers(3, 6))):
        at += draw(STEPS)
        type_, message = draw(TYPES), draw(MESSAGES)
        arm = None if type_ == "email.dropped" else draw(ARMS)
        facts.append(Fact(type_, at - draw(AGES), "team/a", f"i{number}", at, None, message, 0, arm))
    return facts


def stands(facts: Sequence[Fact]) -> dict[tuple[str, str], tuple[int, str, str]]:
    """By experiment and variant the earliest word that no drop takes back."""
    found: dict[tuple[str, str], tuple[int, str, str]] = {}
    for fact in facts:
        if fact.arm is not None and not any(takes_back(drop, fact) for drop in facts):
            variant = fact.arm.experiment, fact.arm.variant
            found[variant] = min(fact.stamp, found.get(variant, fact.stamp))
    return found


def takes_back(drop: Fact, fact: Fact) -> bool:
    is_of_it = drop.type == "email.dropped" and drop.detail == fact.detail
    return is_of_it and abs(drop.appended_at - fact.appended_at) <= TOO_LATE


@given(words(), st.lists(st.integers(0, 150), max_size=3), st.booleans())
def test_whatever_settles_together_the_earliest_word_that_stands_is_kept(
    facts: list[Fact], moments: list[int], patient: bool
) -> None:
    """Words of another message come in between, at days of which each has some settle."""
    others = [NOON + day * DAY for day in moments]
    last = max([*others, facts[-1].appended_at]) + 100 * DAY
    others += [last, last]
    told = [Fact("email.sent", at, "team/b", f"o{n}", at, None, Message("o"), 0) for n, at in enumerate(others)]
    history = sorted([*facts, *told], key=lambda fact: fact.appended_at)
    state, _ = fold(ContactState(), history, patient=patient)
    kept = {(each.arm.experiment, each.arm.variant): each.stamp for each in state.settled.arms}
    event(f"kept: {len(kept)}")
    assert len(kept) == len(state.settled.arms)
    assert kept == stands(facts)
