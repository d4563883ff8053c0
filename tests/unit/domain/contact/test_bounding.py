"""A person of many full fragments is shown short, and yet nobody's no is lost."""

from collections.abc import Sequence
from itertools import permutations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.domain.contact import ContactState, FoldOutcome, fold, profile
from streams.domain.contact.fold import ROOM
from streams.domain.contact.merging import person
from streams.domain.contact.person_view import overview
from streams.domain.contact.publication.change_events import Profiled
from streams.domain.contact.publication.size_limit import ROOM_FOR_PARTS, bounded, reduced, shorter_and_shorter
from streams.domain.contact.state import CanvassReport, Consent, ConsentTerms, Detail, Fact, Origin
from streams.worker.agents.contacts.output_records import LARGEST_PROFILE, RecordBuilder

AT = 1_700_000_000_000


def fact(id_: str, detail: Detail | None, type_: str = "canvass.reported") -> Fact:
    return Fact(type_, AT, "team/a", id_, AT, None, detail)


def report(id_: str, outcome: str = "contacted", text: str = "", tags: tuple[str, ...] = ()) -> Fact:
    answers: dict[str, str | int | float | bool] = {f"van:{id_}.{number}": text for number in range(64)}
    return fact(id_, CanvassReport("door", outcome, None, 1, answers if text else None, tags))  # type: ignore[arg-type]


def full(name: str, letter: str = "x", *more: Fact) -> ContactState:
    """A fragment that takes nothing more of what is long."""
    state, _ = fold(ContactState(), more)
    for number in range(ROOM):
        state, [outcome] = fold(state, [report(f"{name}-{number}", text=letter * 1024)])
        if outcome is FoldOutcome.FULL:
            return state
    raise AssertionError("never full")


def weighing(*weights: int) -> list[ContactState]:
    return [ContactState(weight=weight, facts={("a", f"{n}"): report(f"{n}")}) for n, weight in enumerate(weights)]


def named(person: Sequence[ContactState]) -> dict[str, ContactState]:
    return {f"c{number}": state for number, state in enumerate(person)}


def whole(person: Sequence[ContactState], room: int) -> list[int]:
    """The weights of the parts that are shown whole."""
    shown = list(bounded(named(person), room).values())
    assert shown[0] is person[0]
    return [part.weight for part, before in zip(shown[1:], person[1:], strict=True) if part is before]


def test_the_heaviest_parts_give_way() -> None:
    assert whole(weighing(900, 5, 16, 10), 30) == [5, 10]
    assert whole(weighing(900, 31), 30) == []


@given(st.lists(st.integers(0, 20), max_size=5), st.integers(0, 60))
def test_the_choice_is_the_same_in_any_order_and_has_room(weights: list[int], room: int) -> None:
    own, *parts = weighing(7, *weights)
    chosen = {tuple(sorted(whole([own, *each], room))) for each in permutations(parts)}

    assert len(chosen) == 1
    assert sum(chosen.pop()) <= room


def test_of_a_part_that_is_not_whole_no_refusal_is_lost() -> None:
    part, _ = fold(
        ContactState(),
        [
            fact("1", Consent("email", granted=False, list_id="news"), "email.unsubscribed"),
            fact("2", Consent("text", granted=False, sender="+1"), "text.opted_out"),
            fact("3", Consent("phone", granted=True), "consent.changed"),
            report("4", "do_not_contact", "x" * 1024, ("long",)),
            report("5", "wrong_number", "x" * 1024),
            report("6", "contacted", "x" * 1024, ("long",)),
            fact("7", None, "email.bounced"),
            fact("8", Consent("letter", granted=False), "consent.changed"),
        ],
    )

    shown = profile("c1", reduced(part))

    assert shown["consent"] == {"letter": False}
    assert ([*shown["stops"]["lists"]], [*shown["stops"]["senders"]]) == (["news"], ["+1"])
    assert (shown["canvass"]["attempts"], shown["canvass"]["answers"], shown["tags"]) == (2, {}, [])
    assert {fact.id for fact in reduced(part).facts.values()} == {"1", "2", "4", "5", "7", "8"}


SCOPES = [
    Consent("email", granted=False, list_id="news"),
    Consent("email", granted=False, sender="desk"),
    Consent("email", granted=False, terms=ConsentTerms(purpose="fundraising", wording="v1")),
]


@pytest.mark.parametrize("no", SCOPES)
def test_where_no_yes_is_shown_a_scoped_no_closes_its_channel(no: Consent) -> None:
    own, _ = fold(ContactState(), [replace(fact("y", Consent("email", granted=True), "consent.changed"), time=AT + 1)])
    part, _ = fold(ContactState(), [fact("n", no, "consent.changed")])

    *_, last = shorter_and_shorter({"c1": own, "c2": part})

    assert profile("c1", person(last))["consent"] == {"email": False}


def test_in_the_end_nothing_long_is_left_of_anybody() -> None:
    """A character may take six bytes of a profile, and one of the state."""
    no = fact("no", Consent("email", granted=False, list_id="news"), "email.unsubscribed")
    states = [full(f"{number}", "\x01", no) for number in range(2)]

    *_, last = shorter_and_shorter(named(states))

    shown = profile("c1", person(last))
    assert (shown["consent"], shown["canvass"]["answers"]) == ({"email": False}, {})


def of_noes(name: str) -> ContactState:
    """As many noes as a fragment takes, of a machine whose ids take six bytes of a profile for one of the state."""
    ids = (f"{name}{number:08d}".translate({48 + digit: 1 + digit for digit in range(10)}) for number in range(4_000))
    source = Origin("rented")
    noes = [
        replace(
            fact(id_.rjust(250, "\x01"), Consent("text", granted=False), "consent.changed"),
            origin=replace(source, obtained_at=AT - number * 1_000),
        )
        for number, id_ in enumerate(ids)
    ]
    state, _ = fold(ContactState(), noes)
    assert state.weight > ROOM
    return state


def test_whatever_number_of_noes_one_person_sends_the_record_is_taken() -> None:
    fragments = {f"c{number}": of_noes("ab"[number]) for number in range(2)}
    first = fragments["c0"]
    build = RecordBuilder(0, 1, 0)

    alone = build.profiled("c0", overview(first)).value
    together = build.announced("c0", Profiled(1, fragments, ("c1",)), first).value

    for value in (alone, together):
        assert value is not None
        assert len(value) <= LARGEST_PROFILE
        shown = orjson.loads(value)
        assert (shown["consent"], shown["stops"]["text"]["reason"]) == ({"text": False}, "consent_withdrawn")
        assert len(shown["consent_ledger"]) + shown["consent_ledger_left_out"] == len(first.facts) * len(
            [first] if value is alone else fragments
        )
    assert alone is not None
    told = orjson.loads(alone)
    assert len(told["provenance"]) + told["provenance_left_out"] == len(first.facts)


def test_several_full_fragments_have_room() -> None:
    states = [full(f"{number}") for number in range(4)]

    assert sum(state.weight for state in states[1:]) <= ROOM_FOR_PARTS
    assert bounded(named(states)) == named(states)
