"""Who is not asked to vote, and who is not asked for money."""

from typing import Any

import pytest

from streams.domain.pressure import decide
from streams.domain.pressure.asking import Evidence
from tests.unit.domain.pressure.people import NOON, asking, default, person, policy, ruled

POLICY = policy(elections__current=["2026-general", "2026-primary"])


def supporting(support: int | None) -> Any:
    by = None if support is None else {"source": "field/van", "id": "r1"}
    return person(canvass=person()["canvass"] | {"support": support, "support_by": by})


@pytest.mark.parametrize(
    ("support", "decision"), [(1, "allow"), (3, "allow"), (4, "deny"), (5, "deny"), (None, "allow")]
)
def test_who_is_opposed_is_not_mobilised(support: int | None, decision: str) -> None:
    assert decide(supporting(support), POLICY, asking("door", "mobilisation"), NOON).decision == decision
    assert decide(supporting(support), POLICY, asking("door", "fundraising"), NOON).decision == "allow"


def test_the_report_is_the_evidence() -> None:
    decision = decide(supporting(5), POLICY, asking("door", "mobilisation"), NOON)
    assert (*ruled(decision), decision.evidence) == ("deny", "opposed", (Evidence("field/van", "r1"),))


def voting(**ballots: str) -> Any:
    said = {"at": "2026-02-01T00:00:00.000Z", "source": "county/av", "id": "b1"}
    return person(ballot={name.replace("_", "-"): {"status": status, **said} for name, status in ballots.items()})


def test_who_has_voted_is_not_asked_to_vote() -> None:
    known = voting(**{"2026_general": "voted"})
    for request in (asking("door", "mobilisation"), asking("door", "mobilisation", election="2026-general")):
        decision = decide(known, POLICY, request, NOON)
        assert (*ruled(decision), decision.evidence) == ("deny", "voted", (Evidence("county/av", "b1"),))
    other = asking("door", "mobilisation", election="2026-primary")
    assert decide(known, POLICY, other, NOON).decision == "allow"
    assert decide(known, POLICY, asking("door", "fundraising"), NOON).decision == "allow"


def test_an_election_that_is_over_counts_only_where_it_is_named() -> None:
    known = voting(e2012="voted")
    assert decide(known, POLICY, asking("door", "mobilisation"), NOON).decision == "allow"
    assert decide(known, POLICY, asking("door", "mobilisation", election="e2012"), NOON).reason == "voted"


@pytest.mark.parametrize("status", ["requested", "sent", "returned", "rejected", "cured"])
def test_a_ballot_in_any_other_state_may_be_asked_about(status: str) -> None:
    known = voting(e2026=status)
    assert decide(known, POLICY, asking("door", "mobilisation", election="e2026"), NOON).decision == "allow"


LIMITS = {"C1": {"2026-general": {"USD": 350000}, "any": {"USD": 100}}, "any": {"any": {"USD": 500000}}}
GIVING = policy(giving__limits=LIMITS, elections__current=["2026-general", "2026-primary"])


def giving(committee: str, **elections: int) -> Any:
    given = {name.replace("_", "-").removeprefix("e"): {"USD": net} for name, net in elections.items()}
    total = {"net": {"USD": sum(elections.values())}, "last_at": None, "elections": given}
    return person(donations=person()["donations"] | {"by_committee": {committee: total}})


@pytest.mark.parametrize(("net", "decision"), [(349_999, "allow"), (350_000, "deny"), (350_001, "deny")])
def test_who_has_given_all_that_may_be_given_is_asked_for_no_more(net: int, decision: str) -> None:
    request = asking(committee="C1", election="2026-general")
    assert decide(giving("C1", e2026_general=net), GIVING, request, NOON).decision == decision


def test_the_limit_is_of_one_committee_and_one_election() -> None:
    known = giving("C1", e2026_general=350_000)
    assert ruled(decide(known, GIVING, asking(committee="C1"), NOON)) == ("deny", "maxed_out")
    assert decide(known, GIVING, asking(committee="C2", election="2026-general"), NOON).decision == "allow"
    assert decide(known, GIVING, asking(committee="C1", election="2026-primary"), NOON).decision == "allow"
    assert decide(known, GIVING, asking(purpose="mobilisation", committee="C1"), NOON).decision == "allow"


def test_what_a_request_does_not_name_may_be_each() -> None:
    known = giving("C9", e2026_primary=500_000)
    assert decide(known, GIVING, asking(), NOON).reason == "maxed_out"
    assert decide(giving("C9", e2012_general=500_000), GIVING, asking(), NOON).decision == "allow"
    no_end = policy(giving__limits=LIMITS)
    assert decide(giving("C9", e2012_general=500_000), no_end, asking(), NOON).reason == "maxed_out"


def test_a_limit_in_one_currency_says_nothing_of_another_and_no_limit_denies_nobody() -> None:
    euros = policy(giving__limits={"any": {"any": {"EUR": 1}}})
    assert decide(giving("C1", e2026_general=10**9), euros, asking(), NOON).decision == "allow"
    assert decide(giving("C1", e2026_general=10**9), default(), asking(), NOON).decision == "allow"
