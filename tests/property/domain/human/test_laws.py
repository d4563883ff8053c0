"""What holds of every probability: a set gives it, and evidence moves it only the way in which it speaks."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.domain.human import Act, Agent, Answer, Arrival, Known, expected, judge, judge_all
from streams.domain.human.known import WEEK

SECOND, HOUR = 1_000, 3_600_000
MOMENTS = st.one_of(
    st.integers(-20, 80).map(lambda step: step * SECOND), st.integers(0, 30).map(lambda step: step * HOUR)
)
RECEIVED = st.one_of(st.just(0), st.integers(0, 30).map(lambda step: step * WEEK // 10))
MESSAGES = st.sampled_from("mn")

ACTS = st.builds(
    Act,
    kind=st.sampled_from(["open", "click"]),
    message_id=MESSAGES,
    time=MOMENTS,
    received_at=RECEIVED,
    machine=st.sampled_from([None, True, False]),
    agent=st.sampled_from(Agent),
    link=st.one_of(st.none(), st.integers(1, 6)),
)
ARRIVALS = st.builds(Arrival, message_id=MESSAGES, time=MOMENTS, received_at=RECEIVED, delivered=st.booleans())
ANSWERS = st.builds(Answer, kind=st.sampled_from(["gift", "form", "reply"]), time=MOMENTS, received_at=RECEIVED)


@dataclass(frozen=True)
class Case:
    """An act among others."""

    act: Act
    known: Known

    def milli(self) -> int:
        return judge(self.act, self.known).milli


@st.composite
def cases(draw: st.DrawFn) -> Case:
    acts = draw(st.lists(ACTS, min_size=1, max_size=12))
    arrivals, answers = draw(st.lists(ARRIVALS, max_size=4)), draw(st.lists(ANSWERS, max_size=4))
    return Case(draw(st.sampled_from(acts)), Known(acts, arrivals, answers))


@given(cases(), st.data())
def test_a_set_gives_one_judgement_in_any_order_and_with_repeats(case: Case, data: st.DataObject) -> None:
    known = case.known
    shuffled = Known(
        acts=data.draw(st.permutations([*known.acts, *data.draw(st.lists(st.sampled_from(known.acts), max_size=4))])),
        arrivals=data.draw(st.permutations([*known.arrivals, *known.arrivals[:1]])),
        answers=data.draw(st.permutations([*known.answers, *known.answers[:2]])),
    )
    assert judge(case.act, shuffled) == judge(case.act, known)


@given(cases())
def test_a_probability_is_one(case: Case) -> None:
    assert 0 <= case.milli() <= 1_000
    assert judge(case.act, case.known).probability == case.milli() / 1_000


@given(cases(), ANSWERS)
def test_what_a_person_did_afterwards_never_lowers_anything(case: Case, answer: Answer) -> None:
    more = replace(case.known, answers=[*case.known.answers, answer])
    assert Case(case.act, more).milli() >= case.milli()


@given(cases(), st.data())
def test_a_machine_flag_on_any_act_never_raises_anything(case: Case, data: st.DataObject) -> None:
    acts = list(case.known.acts)
    place = data.draw(st.integers(0, len(acts) - 1))
    flagged = replace(acts[place], machine=True)
    act = flagged if case.act is acts[place] else case.act
    acts[place] = flagged
    assert Case(act, replace(case.known, acts=acts)).milli() <= case.milli()


@given(cases(), ACTS)
def test_one_more_click_never_lowers_an_open_but_by_a_burst_and_never_raises_a_click(case: Case, more: Act) -> None:
    click = replace(more, kind="click", link=None if case.act.kind == "open" else more.link)
    after = Case(case.act, replace(case.known, acts=[*case.known.acts, click])).milli()
    assert after >= case.milli() if case.act.kind == "open" else after <= case.milli()


@given(cases())
def test_what_may_not_count_for_an_act_changes_nothing(case: Case) -> None:
    assert judge(case.act, case.known) == judge(case.act, case.known.about(case.act))


@given(cases())
def test_the_expected_number_is_the_sum_over_all_acts(case: Case) -> None:
    """The way over whole messages is the way act by act."""
    sums = {"open": 0, "click": 0}
    for act in case.known.acts:
        sums[act.kind] += judge(act, case.known).milli
    assert expected(judge_all(case.known)) == (sums["open"], sums["click"])


@given(cases(), st.data())
def test_acts_that_are_counted_apart_are_evidence_all_the_same(case: Case, data: st.DataObject) -> None:
    side = [data.draw(st.booleans()) for _ in case.known.acts]
    left = [act for act, is_left in zip(case.known.acts, side, strict=True) if is_left]
    right = [act for act, is_left in zip(case.known.acts, side, strict=True) if not is_left]
    halves = (
        expected(judge_all(replace(case.known, acts=left, beside=right))),
        expected(judge_all(replace(case.known, acts=right, beside=left))),
    )
    assert tuple(map(sum, zip(*halves, strict=True))) == expected(judge_all(case.known))
