"""Campaigns against the policy's limits, and what is said of a hold."""

import pytest
from msgspec.structs import replace

from sinks.holds import AllHolds, Hold
from streams.domain.pressure.rates import CampaignRates
from streams.services.console import desk_notices
from streams.services.console.campaign_rates import Rate, Reach, provider_rates, worst_of
from streams.services.console.desk_campaigns import Campaign, Provider
from streams.services.console.pages.campaigns import (
    as_of_then,
    covers,
    hold_state,
    is_so_already,
    listed,
    with_money,
)
from streams.services.console.rights import EVERYTHING, Scope
from streams.services.console.words import Words

RATES, EN, FR = CampaignRates(), Words("en"), Words("fr")
NOW = 1_352_254_440_000


def campaign(name: str, gmail: Provider, last_ms: int = NOW, **types: int) -> Campaign:
    counts = {each.replace("_", "."): count for each, count in types.items()}
    return Campaign(name, ("digital",), NOW - 1, last_ms, counts, (gmail,), 0, 7, 0, {}, {})


def gmail(sent: int, complaints: int, unsubscribes: int = 0) -> Provider:
    return Provider("gmail", sent, 0, complaints, unsubscribes)


@pytest.mark.parametrize(
    ("sent", "complaints", "reach"),
    [
        (7_000, 21, "over"),
        (7_000, 20, "near"),
        (10_000, 24, "near"),
        (10_000, 23, ""),
        (999, 50, ""),
        (1_000, 3, "over"),
    ],
)
def test_a_limit_is_near_from_four_fifths_on_and_reached_exactly_as_alerts_have_it(
    sent: int, complaints: int, reach: Reach
) -> None:
    assert provider_rates(gmail(sent, complaints), RATES)[0].reach == reach


def test_a_provider_of_no_name_has_the_limit_of_the_others() -> None:
    complaints, unsubscribes = provider_rates(Provider("", 5_000, 0, 1, 2), RATES)
    assert (complaints.mailbox, complaints.limit, unsubscribes.limit) == ("other", 0.003, 0.02)


def test_the_worst_rate_is_the_nearest_to_its_own_limit() -> None:
    rates = [Rate("gmail", "complaints", 1, 1_000, 0.003, True), Rate("gmail", "unsubscribes", 18, 1_000, 0.02, True)]
    worst = worst_of(rates)
    assert worst is not None
    assert worst.rule == "unsubscribes"
    assert worst_of([Rate("gmail", "complaints", 50, 100, 0.003, False)]) is None


def test_those_who_answer_stop_have_left_a_campaign_of_texts() -> None:
    texts = campaign("polls-2", Provider("", 0, 0, 0, 0), text_sent=80).types
    [row] = listed([replace(campaign("polls-2", gmail(0, 0)), types={**texts, "text.opted_out": 3})], RATES, {}, EN)
    assert row.unsubscribed == 3


def test_held_is_said_only_where_redis_says_so() -> None:
    ordered = [desk_notices.Hold("gotv-3", NOW - 5, None, "nadia")]
    states = [
        hold_state("gotv-3", holds, ordered, NOW, may_act=True)
        for holds in (None, [], [Hold("gotv-3", NOW - 1)], [Hold("gotv-3", None)], [Hold("other", None)])
    ]
    assert [(each.known, each.hold is not None, each.by) for each in states] == [
        (False, False, None), (True, False, None), (True, False, None), (True, True, "nadia"), (True, False, None),
    ]  # fmt: skip


def test_what_is_said_of_a_hold_is_as_of_when_a_worker_last_said_it() -> None:
    said = hold_state("gotv-3", [], [], NOW, may_act=True)
    late = [as_of_then(said, as_of, NOW).is_late for as_of in (NOW, NOW - 13_000, NOW - 13_001, None)]
    assert late == [False, False, True, True]
    assert not as_of_then(hold_state("gotv-3", None, [], NOW, may_act=True), None, NOW).is_late


def test_a_hold_that_ends_by_itself_is_not_what_hold_wants() -> None:
    for_ever, for_an_hour, over = Hold("a", None), Hold("a", NOW + 3_600_000), Hold("a", NOW - 1)
    told = [AllHolds(holds, NOW) for holds in ([for_ever], [for_an_hour], [over], [])]
    assert [is_so_already("hold", "a", holds, NOW) for holds in (*told, None)] == [True, False, False, False, False]
    assert [is_so_already("lift", "a", holds, NOW) for holds in (*told, None)] == [False, False, True, True, False]


@pytest.mark.parametrize("as_of", [None, NOW - 13_001])
def test_what_was_so_a_while_ago_may_have_been_ordered_otherwise_since(as_of: int | None) -> None:
    """A hold that follows a lift which no worker has carried out yet would be lost."""
    assert not is_so_already("hold", "a", AllHolds([Hold("a", None)], as_of), NOW)
    assert not is_so_already("lift", "a", AllHolds([], as_of), NOW)


def test_who_sees_a_part_of_a_campaign_does_not_cover_it() -> None:
    teams = ("digital", "fundraising")
    assert covers(EVERYTHING, teams)
    assert covers(Scope(teams=frozenset(teams)), teams)
    assert not covers(Scope(teams=frozenset({"digital"})), teams)
    assert not covers(Scope(regions=frozenset({"US-OH"})), teams)


def test_the_money_of_a_campaign_is_shown_where_no_gift_follows_from_it() -> None:
    found = [campaign(name, gmail(0, 0), donation_made=count) for name, count in
             (("a", 90), ("b", 12), ("c", 3), ("d", 0))]  # fmt: skip
    assert with_money(found) == {"a"}
    assert with_money([found[2]]) == set()
