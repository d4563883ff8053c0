"""What pages show of campaigns and experiments."""

from typing import Any

import pytest
from msgspec.structs import replace

from sinks.holds import AllHolds, Hold
from streams.domain.experiments.report.verdicts import primary_verdicts
from streams.domain.messages import english
from streams.domain.pressure.rates import CampaignRates
from streams.services.console import desk_notices
from streams.services.console.campaign_rates import Rate, Reach, provider_rates, worst_of
from streams.services.console.desk_campaigns import Campaign, Provider
from streams.services.console.experiment_views import (
    contacted_rows,
    facts,
    guardrail_rows,
    metric_view,
    over_time,
    people_rows,
    small_variants,
)
from streams.services.console.pages.campaigns import (
    as_of_then,
    covers,
    hold_state,
    is_so_already,
    listed,
    with_money,
)
from streams.services.console.rights import EVERYTHING, Scope
from streams.services.console.words import UNKNOWN, Words
from tests.unit.domain.experiments.example import CONTRACTS, comparison, doors, gotv, guardrail, watched

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


NEW_YORK, IN_FRENCH = Words("en", "America/New_York"), Words("fr", "America/New_York")


def by_the_wall(at: int | None) -> int | None:
    return at


TOO_FEW = "fewer than 100 people in one of the two"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (
            {"comparisons": [comparison("donated", "deadline", -0.1, -0.01, provisional=True)]},
            "deadline does worse than control: -5.50 pp (between -10.00 pp and -1.00 pp). This counts everybody so",
        ),
        ({"comparisons": []}, "There is nothing to compare deadline with control by yet."),
        (
            {"primary": "unsubscribed", "comparisons": [comparison("unsubscribed", "deadline", 0.001, 0.003)]},
            "deadline does worse than control: +0.20 pp (between +0.10 pp and +0.30 pp).",
        ),
        (
            {"comparisons": [], "withheld": [{"metric": "donated", "variant": "deadline", "why": TOO_FEW}]},
            f"deadline is not compared with control: {TOO_FEW}.",
        ),
    ],
    ids=["so far", "nothing yet", "harm", "withheld"],
)
def test_a_verdict_says_no_more_than_is_known(changed: dict[str, Any], told: str) -> None:
    """The pages of tests/contract have what is better, what is not yet known, and a split that is broken."""
    assert english(primary_verdicts(gotv(guardrails=[], **changed))[0]).startswith(told)


def test_rows_of_a_metric_have_the_baseline_first_and_the_provisional_below_without_figures() -> None:
    rows = metric_view(gotv(), "donated", NEW_YORK).rows

    assert [(row.variant, row.total, row.verdict, row.is_provisional, bool(row.chart)) for row in rows] == [
        ("control", "305", "compared with", False, False),
        ("deadline", "391", "better", False, True),
        ("deadline", "", "better", True, True),
        ("from a neighbour", "318", "not yet known", False, True),
        ("from a neighbour", "", "not yet known", True, True),
    ]


def test_a_guarded_metric_without_comparison_leads_to_the_guardrails_and_a_withheld_one_says_why() -> None:
    guarded = metric_view(gotv(), "unsubscribed", NEW_YORK).rows
    withheld = metric_view(doors(), "net_amount", NEW_YORK).rows

    assert [row.verdict for row in guarded] == ["compared with", "see guardrails", "see guardrails"]
    assert [row.verdict for row in withheld] == ["compared with", "fewer than 40 households in a variant"]


def test_the_ends_of_the_axis_are_written_in_the_metrics_units() -> None:
    assert metric_view(gotv(), "donated", NEW_YORK).reach == ("-1.93 pp", "+1.93 pp")
    assert metric_view(gotv(), "opened", NEW_YORK).reach == ("-9.88 pp", "+9.88 pp")
    assert metric_view(gotv(), "net_amount", NEW_YORK).reach == ("-$1.31", "+$1.31")
    assert metric_view(gotv(comparisons=[]), "donated", NEW_YORK).reach is None


def test_french_figures_of_a_result() -> None:
    row = metric_view(gotv(), "net_amount", IN_FRENCH).rows[1]
    assert (row.total, row.mean, row.verdict) == ("17\u202f612,25\u00a0$US", "2,21\u00a0$US", "mieux")
    assert dict(facts(gotv(), IN_FRENCH, by_the_wall))["État"] == "en cours"


@pytest.mark.parametrize(
    ("changed", "least", "verdict"),
    [
        ({"effect": 0.0, "low": -1.0}, UNKNOWN, "not known yet"),
        ({"known": False}, UNKNOWN, "not known yet"),
        ({"known": True}, "-0.16 pp", "holds"),
        ({"breached": True, "low": 0.0014}, "+0.14 pp", "BREACHED"),
        ({"breached": True, "low": 0.00002}, "+0.002 pp", "BREACHED"),
        ({"breached": True, "low": 0.0014, "alerted": True}, "+0.14 pp", "BREACHED, alert"),
    ],
)
def test_a_guardrail_says_no_more_than_is_known_of_it(changed: dict[str, Any], least: str, verdict: str) -> None:
    found = {**guardrail("deadline", 0.0003, -0.0016, breached=False), **changed}
    [row] = guardrail_rows(gotv(guardrails=[found]), NEW_YORK)
    assert (row["least"], row["verdict"]) == (least, verdict)


def test_an_effect_on_those_reached_that_nothing_bounds_is_a_dash() -> None:
    [known] = contacted_rows(doors(sample_ratio={"p_always_valid": 1.0, "broken": False}), NEW_YORK)
    unbounded = {**doors().get("contacted", [])[0], "low": None, "high": None, "effect": 1.03}
    [open_] = contacted_rows(
        doors(sample_ratio={"p_always_valid": 1.0, "broken": False}, contacted=[unbounded]), NEW_YORK
    )
    assert (known["reached"], known["effect"]) == ("28.5%", "+10.40 pp (-1.40 pp to +22.20 pp)")
    assert (open_["effect"], open_["verdict"]) == (UNKNOWN, "not yet known")


def test_a_planned_variant_without_people_is_shown_with_nought_people() -> None:
    ratio = {"p_always_valid": 0.5, "broken": False, "planned": {"nothing": 0.5, "knock": 0.25, "call": 0.25}}
    rows = list(people_rows(doors(sample_ratio=ratio), NEW_YORK))
    assert (rows[-1]["variant"], rows[-1]["people"], rows[-1]["planned"]) == ("call", "0", "25.00%")
    assert next(iter(people_rows(CONTRACTS, NEW_YORK)))["planned"] == UNKNOWN


def test_a_history_of_one_look_is_not_drawn() -> None:
    assert list(over_time(gotv(), NEW_YORK, by_the_wall)) == []
    drawn = list(over_time(watched(gotv()), NEW_YORK, by_the_wall))
    assert [each.variant for each in drawn] == ["deadline", "from a neighbour"]
    assert drawn[0].last == "Wed, Feb 11, 2026 12:30 EST"


def test_a_variant_of_nobody_or_of_ten_hides_nothing_and_one_of_nine_does() -> None:
    for people, hidden in ((0, []), (9, ["deadline"]), (10, [])):
        found = gotv()
        found["variants"]["deadline"]["assigned"] = people
        assert small_variants(found) == hidden
