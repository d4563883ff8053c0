"""Laws of limits, and of how long a ledger grows."""

from collections.abc import Sequence
from itertools import product
from random import Random
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from events.channels import Channel, Purpose
from events.outputs import ContactProfile, ProvenanceItem, Touch
from streams.domain.advertising.audience_gate import GateRules, gate_verdict
from streams.domain.contact.sections.consent import consent
from streams.domain.contact.sections.consent_ledger import Words, consent_ledger, told_words
from streams.domain.contact.state import Consent, ConsentTerms, Fact
from streams.domain.pressure import PermissionRequest, Policy, Reservation, answer, decide, default_policy, prepare
from streams.domain.pressure.policy import ConsentRules
from streams.domain.pressure.purposes import consent_denial, withdrawal
from tests.budgets import costly
from tests.property.domain.pressure.recount import counting, may_be_reached, over_a_cap, too_heavy, within
from tests.property.domain.pressure.strategies import people, policies, requests, reservations, touches
from tests.unit.domain.pressure.people import DAY, HOUR, MINUTE, NOON, asking, ms, person, touch, unlimited

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


RULES = (
    ConsentRules(),
    ConsentRules(controller="a"),
    ConsentRules(needs_proof=True),
    ConsentRules(for_purpose=("email",)),
)
CHANNELS: tuple[Channel, ...] = ("email", "text")
PURPOSES: tuple[Purpose, ...] = ("fundraising", "informational")
REQUESTS = [*(asking(*about) for about in product(CHANNELS, PURPOSES)), asking("phone", automatic=True)]
POLICY = default_policy("fr")
OWN: ProvenanceItem = {
    "kind": "self",
    "of_age": True,
    "first_at": "2012-03-01T12:00:00.000Z",
    "last_at": "2012-03-01T12:00:00.000Z",
    "count": 1,
    "addresses": [],
    "source": "forms/site",
    "id": "f",
}
TERMS = st.builds(
    ConsentTerms,
    st.sampled_from([None, "fundraising", "Informational", "online_ads", "newsletter", "automatic_calls"]),
    st.sampled_from([None, "a", "b"]),
    st.none(),
    st.sampled_from([None, "scan:1"]),
)
SAID = st.builds(
    Consent,
    st.sampled_from(["email", "text", "phone", "all"]),
    st.booleans(),
    st.sampled_from([None, None, "news"]),
    st.none(),
    st.one_of(st.none(), TERMS),
)


def known_by(words: Words, of_all: Words) -> Any:
    return person(consent_ledger=consent_ledger(words), consent=consent(of_all), provenance=[OWN])


@given(st.lists(st.tuples(st.integers(0, 9), SAID), max_size=14), st.integers(0, 4), st.integers(0, 2))
def test_what_is_left_out_opens_nothing(said: list[tuple[int, Consent]], most: int, yeses: int) -> None:
    facts = [
        (Fact("consent.changed", NOON - DAY + at, "team/a", f"{number:02d}", NOON), word)
        for number, (at, word) in enumerate(said)
    ]
    words = sorted(facts, key=lambda each: each[0].stamp)
    told = told_words(words, most, yeses)
    event(f"left out: {len(words) > len(told)}")
    assert [*told[len(told) - min(most, len(words)) :]] == [*words[len(words) - min(most, len(words)) :]]
    whole, short = known_by(words, words), known_by(told, words)
    for request in REQUESTS:
        assert withdrawal(whole, request, POLICY) is None or withdrawal(short, request, POLICY) is not None
        for rules in RULES:
            assert consent_denial(whole, request, rules) is None or consent_denial(short, request, rules) is not None
    for rules in RULES:
        asked = GateRules(rules)
        admitted = gate_verdict(short, asked, NOON).is_admitted
        event(f"in an audience for ads: {admitted}")
        assert not admitted or gate_verdict(whole, asked, NOON).is_admitted


@given(st.lists(SAID, max_size=40))
def test_few_words_are_told_besides_the_latest(said: list[Consent]) -> None:
    words = [(Fact("consent.changed", NOON + at, "team/a", "1", NOON), word) for at, word in enumerate(said)]
    noes = {
        (word.channel, word.purpose)
        for word in said
        if not word.granted and (word.list_id is None or word.purpose == "online_ads")
    }
    assert len(told_words(words, 0, 1)) <= 1 + len(noes)


def test_a_yes_with_a_proof_is_told_beside_a_later_one_without() -> None:
    """A policy that asks for a proof goes by the first, others by the second."""
    proven, bare = (
        Consent("email", granted=True, terms=ConsentTerms(wording="v1", proof=proof)) for proof in ("a", None)
    )
    unlisted = Consent("email", granted=True, list_id="news")
    said = [proven, bare, *[unlisted] * 5]
    words = [(Fact("consent.changed", NOON + at, "team/a", "1", NOON), word) for at, word in enumerate(said)]

    assert [word for _, word in told_words(words, 3)] == [proven, bare, *[unlisted] * 3]


def test_a_no_to_ads_is_told_whatever_list_it_names() -> None:
    """Else the yes before it would admit somebody to an audience for ads."""
    yes = Consent("all", granted=True, terms=ConsentTerms("online_ads", proof="scan:1"))
    no = Consent("email", granted=False, list_id="news", terms=ConsentTerms("online_ads"))
    others = [Consent("email", granted=True, list_id="news")] * 3
    words = [
        (Fact("consent.changed", NOON - DAY + at, "team/a", "1", NOON), word)
        for at, word in enumerate([yes, no, *others])
    ]
    told = told_words(words, 3)
    assert [word for _, word in told] == [yes, no, *others]
    assert gate_verdict(known_by(told, words), GateRules(ConsentRules()), NOON).why == "consent_withdrawn"
