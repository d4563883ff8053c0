"""A profile has a bound."""

from collections.abc import Sequence
from itertools import permutations

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.domain.contact import ContactState, FoldOutcome, decode, encode, fold, profile
from streams.domain.contact.codec import FORMAT
from streams.domain.contact.fold import ROOM
from streams.domain.contact.merging import person
from streams.domain.contact.person_view import overview
from streams.domain.contact.profile_history import history
from streams.domain.contact.publication.change_events import Profiled
from streams.domain.contact.publication.size_limit import ROOM_FOR_PARTS, bounded, reduced, shorter_and_shorter
from streams.domain.contact.state import CanvassReport, Consent, ConsentTerms, Detail, Fact, Origin
from streams.domain.formats import Unreadable
from streams.worker.agents.contacts.output_records import LARGEST_PROFILE, RecordBuilder
from tests.unit.domain.contact.said import DONOR, HOUR, NOON, Arrival, appended, folded, gift, report, retracted, said

AT = 1_700_000_000_000


def fact(id_: str, detail: Detail | None, type_: str = "canvass.reported") -> Fact:
    return Fact(type_, AT, "team/a", id_, AT, None, detail)


def answered(id_: str, outcome: str = "contacted", text: str = "", tags: tuple[str, ...] = ()) -> Fact:
    answers: dict[str, str | int | float | bool] = {f"van:{id_}.{number}": text for number in range(64)}
    return fact(id_, CanvassReport("door", outcome, None, 1, answers if text else None, tags))  # type: ignore[arg-type]


def full(name: str, letter: str = "x", *more: Fact) -> ContactState:
    """A fragment that takes nothing more of what is long."""
    state, _ = fold(ContactState(), more)
    for number in range(ROOM):
        state, [outcome] = fold(state, [answered(f"{name}-{number}", text=letter * 1024)])
        if outcome is FoldOutcome.FULL:
            return state
    raise AssertionError("never full")


def weighing(*weights: int) -> list[ContactState]:
    return [ContactState(weight=weight, facts={("a", f"{n}"): answered(f"{n}")}) for n, weight in enumerate(weights)]


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
            answered("4", "do_not_contact", "x" * 1024, ("long",)),
            answered("5", "wrong_number", "x" * 1024),
            answered("6", "contacted", "x" * 1024, ("long",)),
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


def told(*arrivals: Arrival) -> list[tuple[str, dict[str, tuple[object, object]]]]:
    """The id of each step, and what it changed but for the times and counts that everything changes."""
    steps = history(DONOR, [arrival.fact() for arrival in arrivals])
    usual = ("first_seen", "last_seen", "last_active_at", "counts.")
    return [
        (step.fact.id, {path: change for path, change in step.changed.items() if not path.startswith(usual)})
        for step in steps
    ]


def test_interactions_come_in_the_order_in_which_they_happened_each_once() -> None:
    second, first = said("text.replied", "2", NOON + HOUR), said("text.replied", "1", NOON)

    assert [id_ for id_, _ in told(second, first, second)] == ["1", "2"]


def test_a_gift_changes_its_sums_and_its_refund_the_net() -> None:
    steps = dict(
        told(gift("1", 500), said("donation.refunded", "2", NOON + HOUR, refund_id="r", amount=200, currency="USD"))
    )

    assert steps["1"]["donations.net.USD"] == (None, 500)
    assert steps["2"]["donations.net.USD"] == (500, 300)
    assert steps["2"].keys() == {"donations.net.USD", "donations.refunded.USD"}


def test_a_retraction_takes_back_what_was_shown_until_then() -> None:
    steps = dict(told(gift("1", 500), appended(NOON + 2 * HOUR, retracted("1"))))

    assert steps["r"]["donations.count"] == (1, 0)


def test_what_changes_nothing_else_is_a_step_all_the_same() -> None:
    assert told(said("rsvp.made", "1", event_id="e")) == [("1", {})]


def test_answers_keep_their_kind() -> None:
    fact = next(iter(decode(encode(folded(report("1", answers={"a:b": 1, "a:c": 1.0, "a:d": True})))).facts.values()))
    assert repr(fact.detail).count("{'a:b': 1, 'a:c': 1.0, 'a:d': True}") == 1


def test_the_first_element_is_the_format() -> None:
    assert msgspec.msgpack.decode(encode(ContactState()))[0] == FORMAT.number


@pytest.mark.parametrize("data", [b"", b"\xff", b"{}", b"\x91\x01", encode(folded(gift("1", 5)))[:-1]])
def test_bytes_that_are_no_state_are_unreadable(data: bytes) -> None:
    with pytest.raises(Unreadable):
        decode(data)
