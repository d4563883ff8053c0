"""Settling many messages at once leaves what settling each in its time does: the very same state.

Here few messages are told of again and again for months, in any order, since that is where it may go wrong: what was
known of a message may be forgotten between two words of it.
"""

from hypothesis import event, given
from hypothesis import strategies as st
from msgspec.structs import replace

from events.registry import MESSAGES
from streams.domain.contact import ContactState, fold
from streams.domain.contact.facts.engagement import Deed
from streams.domain.contact.identity.identity_status import CarriedIdentifiers
from streams.domain.contact.sections.exposures import CarriedVariant
from streams.domain.contact.sections.messages import Message
from streams.domain.contact.state import Fact, Retraction
from tests.unit.domain.contact.said import DAY, HOUR, NOON

STEPS = st.sampled_from([0, 1, 1_000, HOUR, DAY, 2 * DAY, 3 * DAY, 4 * DAY, 7 * DAY, 7 * DAY + 1, 8 * DAY, 20 * DAY])
AGES = st.sampled_from([0, 0, 0, 1_000, HOUR, DAY, 5 * DAY, 10 * DAY])
ARMS = st.none() | st.builds(CarriedVariant, st.sampled_from(["x", "y"]), st.sampled_from("AB"))
NAMED: st.SearchStrategy[int | CarriedIdentifiers] = st.sampled_from(
    [0, 0, CarriedIdentifiers(((f"email:{1:032x}", ""),))]
)


@st.composite
def words(draw: st.DrawFn, number: int, at: int) -> Fact:
    """A word of one of three messages, appended at a time (ms)."""
    type_, message = draw(st.sampled_from(sorted(MESSAGES))), f"m{draw(st.integers(0, 2))}"
    is_deed = type_ in {"email.opened", "email.clicked"}
    kind = draw(st.sampled_from(["hard", "soft"])) if type_ == "email.bounced" else None
    detail = Deed(message) if is_deed else Message(message, kind=kind)  # type: ignore[arg-type]
    arm = None if type_ == "email.dropped" else draw(ARMS)
    return Fact(type_, at - draw(AGES), "team/a", f"i{number}", at, None, detail, draw(NAMED), arm)


@st.composite
def histories(draw: st.DrawFn) -> list[Fact]:
    """In the order in which they came; some are copies, some take another back."""
    at, facts = NOON, list[Fact]()
    for number in range(draw(st.integers(3, 14))):
        at += draw(STEPS)
        what = draw(st.integers(0, 9)) if facts else 9
        if what > 1:
            facts.append(draw(words(number, at)))
            continue
        other = draw(st.sampled_from(facts))
        if what == 0:
            facts.append(replace(other, appended_at=at))
        else:
            back = Retraction(other.source, other.id)
            facts.append(Fact("interaction.retracted", at, "team/a", f"r{number}", at, None, back))
    return facts


@given(histories())
def test_a_patient_fold_keeps_what_another_does(facts: list[Fact]) -> None:
    one_by_one, at_once = (fold(ContactState(), facts, patient=patient) for patient in (False, True))
    event(f"settled: {bool(one_by_one[0].settled.totals.counts)}, touches: {bool(one_by_one[0].settled.mailings)}")
    assert at_once == one_by_one
