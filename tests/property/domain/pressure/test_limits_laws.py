"""Never over a cap, the same in any order, and `earliest_at` is the first moment at which the answer is allow."""

from collections.abc import Sequence
from random import Random

from hypothesis import event, given
from hypothesis import strategies as st

from events.outputs import ContactProfile, Touch
from streams.domain.pressure import PermissionRequest, Policy, Reservation, answer, decide, prepare
from tests.budgets import costly
from tests.property.domain.pressure.recount import counting, may_be_reached, over_a_cap, too_heavy, within
from tests.property.domain.pressure.strategies import people, policies, requests, reservations, touches
from tests.unit.domain.pressure.people import DAY, HOUR, MINUTE, NOON, ms, person, touch, unlimited

Known = tuple[ContactProfile, tuple[str, ...]]


@costly
@given(people(), policies(), requests, reservations)
def test_it_is_allowed_exactly_where_a_plain_recount_finds_room(
    known: Known, policy: Policy, request: PermissionRequest, reserved: list[Reservation]
) -> None:
    profile, zones = known
    decision = decide(profile, policy, request, NOON, reserved=reserved)
    event(f"{decision.decision} {decision.reason}")
    allowed = may_be_reached(profile, policy, request, NOON, zones, reserved)
    assert (decision.decision == "allow") == allowed


@given(people(), policies(), requests)
def test_the_touches_of_a_cap_are_its_evidence(known: Known, policy: Policy, request: PermissionRequest) -> None:
    decision = decide(known[0], policy, request, NOON)
    event(decision.reason)
    if decision.reason not in {"cap", "cap_across_channels"}:
        return
    named = [each for each in known[0]["touches"] if (each["source"], each["id"]) in decision.evidence]
    assert len(named) == len(decision.evidence) == len(set(decision.evidence))
    assert over_a_cap(policy, named, request, NOON)
    assert counting(named) == named


@given(people(), policies(), requests, reservations, st.randoms())
def test_the_answer_is_the_same_in_any_order(
    known: Known, policy: Policy, request: PermissionRequest, reserved: list[Reservation], random: Random
) -> None:
    profile, _ = known
    touches = [dict(reversed(each.items())) for each in profile["touches"]]
    random.shuffle(touches)
    turned = dict(reversed(profile.items())) | {"touches": touches}
    given_so = decide(profile, policy, request, NOON, reserved=reserved)
    assert decide(turned, policy, request, NOON, reserved=reserved[::-1]) == given_so  # type: ignore[arg-type]


@given(people(), policies(), requests, reservations)
def test_earliest_at_is_the_first_moment_at_which_the_answer_is_allow(
    known: Known, policy: Policy, request: PermissionRequest, reserved: list[Reservation]
) -> None:
    profile, zones = known
    decision = decide(profile, policy, request, NOON, reserved=reserved)
    earliest = decision.earliest_at
    if earliest is None:
        assert decision.decision == "deny"
        event(decision.reason)
        assert decision.reason in {"hours", "no_notice"}
        return
    event(f"{decision.reason} {(earliest - NOON) // DAY} days")

    def allows(at: int) -> bool:
        found = may_be_reached(profile, policy, request, at, zones, reserved)
        assert (decide(profile, policy, request, at, reserved=reserved).decision == "allow") == found
        return found

    assert allows(earliest)
    assert decision.decision == "allow" or not allows(earliest - 1)
    before = range(max(NOON, earliest - earliest % MINUTE - 90 * MINUTE), earliest, MINUTE)
    assert not any(map(allows, before))
    assert not any(map(allows, range(NOON, earliest, 3 * HOUR)))


@given(people(), policies(), requests)
def test_an_allow_holds_until_it_expires(known: Known, policy: Policy, request: PermissionRequest) -> None:
    since = decide(known[0], policy, request, NOON).earliest_at
    if since is None:
        return
    decision = decide(known[0], policy, request, since)
    assert decision.expires_at is not None
    length = decision.expires_at - since
    assert 0 < length <= getattr(policy.expiry, request.channel)
    for at in (since + length // 3, decision.expires_at - 1):
        assert decide(known[0], policy, request, at).decision == "allow"


budgets = st.integers(3_000, 20_000).map(lambda points: unlimited(points={"budget": points}))


@given(touches(most=25), budgets, requests)
def test_a_budget_has_room_again_at_the_very_millisecond(
    made: list[Touch], policy: Policy, request: PermissionRequest
) -> None:
    decision = decide(person(touches=made), policy, request, NOON)
    event(decision.reason)
    assert decision.earliest_at is not None
    assert not too_heavy(policy, made, request, decision.earliest_at)
    if decision.reason == "pressure":
        assert too_heavy(policy, made, request, NOON)
        assert too_heavy(policy, made, request, decision.earliest_at - 1)
    else:
        assert decision.reason == "ok"


@given(st.lists(people(), max_size=4), policies(), requests)
def test_a_batch_is_answered_as_each_alone(some: Sequence[Known], policy: Policy, request: PermissionRequest) -> None:
    question = prepare(policy, request, NOON)
    assert [answer(question, one) for one, _ in some] == [decide(one, policy, request, NOON) for one, _ in some]


asks = st.lists(st.tuples(st.integers(0, 3 * DAY // MINUTE), requests), max_size=25)


@given(policies(), asks)
def test_a_life_of_touches_that_were_all_allowed_is_never_over_a_cap(
    policy: Policy, asked: list[tuple[int, PermissionRequest]]
) -> None:
    at, made = NOON, list[Touch]()
    for minutes, request in asked:
        at += minutes * MINUTE
        if decide(person(touches=made), policy, request, at).decision == "allow":
            made.append(touch(at, request.channel, request.purpose, request.team, f"t{len(made)}"))
    event(f"{len(made)} touches")
    for last in made:
        then = ms(last["at"])
        known = [each for each in made if ms(each["at"]) <= then]
        for channel in ("email", "text", "phone", "door", "letter", "any"):
            same = [each for each in known if channel in {each["channel"], "any"}]
            for cap in getattr(policy.caps, channel):
                of_purpose = [each for each in same if cap.purpose in {None, each["purpose"]}]
                assert len(within(of_purpose, cap.window, then)) <= cap.at_most
