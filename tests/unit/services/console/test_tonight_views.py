"""What `/` says: needs, the last hour beside a week before, and rows of teams."""

import re
from collections.abc import Iterator
from pathlib import Path

from sinks.holds import Hold
from streams.domain.messages import Change, CodedMessage, english, message
from streams.domain.pressure.rates import CampaignRates
from streams.operations.status.alert_rules import AlertFinding
from streams.services.console.app import PAGES
from streams.services.console.desk import Desk
from streams.services.console.desk_campaigns import Campaign, Provider
from streams.services.console.desk_cells import Span
from streams.services.console.desk_notices import AlertCount, alerts_by_detail, alerts_by_rule
from streams.services.console.desk_reading import figures_by, turfs
from streams.services.console.desk_schema import DAY_MS, HOUR_MS
from streams.services.console.pages.field import quiet_turfs
from streams.services.console.pages.needs import Need, of_alerts, of_campaigns, of_findings, of_quiet_turfs
from streams.services.console.pages.person_alerts import (
    RULES,
    alert_rows,
    erased_since,
    in_words,
    last_day,
    names_only_own,
)
from streams.services.console.pages.tonight import Facts, Hour, evening, figure_views, hours, team_rows
from streams.services.console.rights import EVERYTHING, Scope, Viewer, may
from streams.services.console.roles import Role
from streams.services.console.words import Words
from tests.unit.services.console.evening import NOW
from tests.unit.services.console.hand_filled import NOW as HAND_NOW
from tests.unit.services.console.hand_filled import hand_filled

EN, FR = Words("en"), Words("fr")


def viewer(*roles: Role, scope: Scope = EVERYTHING) -> Viewer:
    return Viewer("ada", frozenset(roles), scope)


def told(needs: Iterator[Need]) -> list[tuple[str, str]]:
    return [(each.severity, english(each.what)) for each in needs]


def sent(name: str, complaints: int, last_ms: int = NOW) -> Campaign:
    return Campaign(
        name, ("digital",), NOW, last_ms, {}, (Provider("gmail", 10_000, 0, complaints, 0),), 0, 0, 0, {}, {}
    )


def test_campaigns_near_a_limit_are_named_unless_they_are_held_or_long_over() -> None:
    rates = CampaignRates()
    found = [
        sent("near", 27),
        sent("over", 30),
        sent("held", 40),
        sent("old", 40, NOW - rates.window - 1),
        sent("ok", 1),
    ]
    assert told(of_campaigns(found, rates, {"held": Hold("held", None)}, NOW, EN)) == [
        (
            "caution",
            "campaign near comes close to the limit of complaints that Gmail sets: 0.27 %, the limit is 0.30 %",
        ),
        ("alarm", "campaign over has reached the limit of complaints at Gmail: 0.30 %, the limit is 0.30 %"),
        ("remark", "campaign held is on hold until it is lifted"),
    ]


def test_while_redis_does_not_say_what_is_held_that_is_told() -> None:
    assert told(of_campaigns([], CampaignRates(), None, NOW, EN)) == [
        ("caution", "Redis does not say which campaigns are on hold")
    ]


def test_holds_of_campaigns_outside_the_scope_are_not_told() -> None:
    assert not told(of_campaigns([], CampaignRates(), {"others": Hold("others", None)}, NOW, EN))


def test_every_need_leads_to_where_it_can_be_acted_upon(desk: Desk) -> None:
    found = [AlertFinding("PartitionStalled", message("status.no_worker"))]
    needs = [
        *of_alerts(dict.fromkeys((*RULES, "erased"), 1)),
        *of_findings(found, on_call=False),
        *of_campaigns([sent("over", 30)], CampaignRates(), None, NOW, EN),
        *of_quiet_turfs(quiet_turfs(desk, NOW, EVERYTHING), EN),
    ]
    assert {each.what.code for each in needs} >= {"tonight.touch_after_stop", "tonight.quiet_turfs", "status.no_worker"}
    for each in needs:
        [page] = [page for page in PAGES if re.fullmatch(re.sub(r"\{[a-z]+(:path)?\}", "[^/]+", page.path), each.href)]
        assert may(viewer("figures"), page.act), each.href


def test_a_turf_that_has_fallen_silent_in_an_active_evening_is_named_with_its_region(desk: Desk) -> None:
    needs = {each.href: english(each.what) for each in of_quiet_turfs(quiet_turfs(desk, NOW, EVERYTHING), EN)}
    assert needs["/field/US-OH"].startswith("Ohio: ")
    found = quiet_turfs(desk, NOW, EVERYTHING)["US-OH"]
    last = {each.turf: each.last_ms for each in turfs(desk, "US-OH", Span(NOW - 8 * HOUR_MS, NOW + 1), EVERYTHING)}
    assert found == sorted(turf for turf, at in last.items() if 45 * 60_000 < NOW - at < 4 * HOUR_MS)
    assert "oh-3" in found
    assert not quiet_turfs(desk, NOW, Scope(regions=frozenset({"US-PA"})))
    assert not quiet_turfs(desk, NOW + HOUR_MS, EVERYTHING)
    [one] = of_quiet_turfs({"US-OH": ["oh-3"]}, EN)
    assert told(iter([one])) == [
        ("caution", "Ohio: 1 turf was worked tonight, and nothing was reported of it for 45 minutes or more: oh-3")
    ]
    [many] = of_quiet_turfs({"US-PA": [f"t{n}" for n in range(7)]}, EN)
    assert english(many.what).endswith("7 turfs were worked tonight, and nothing was reported of them for 45 minutes "
                                       "or more: t0, t1, t2, t3, t4 and 2 more")  # fmt: skip


def test_who_is_not_on_call_is_told_what_stops_everything_and_of_quarantined_sources() -> None:
    found = [
        AlertFinding("PartitionStalled", message("status.no_worker")),
        AlertFinding("LagGrows", message("text", text="lag")),
        AlertFinding("SourceQuarantined", message("text", text="field/minivan is held")),
    ]
    assert told(of_findings(found, on_call=False)) == [
        ("alarm", "no worker runs"), ("caution", "field/minivan is held"),
    ]  # fmt: skip
    links = [each.href for each in of_findings(found, on_call=True)]
    assert links == ["/status/partition-stalled", "/status/lag-grows", "/status/source-quarantined"]


def test_a_figure_and_its_change_are_of_the_same_minutes(desk: Desk) -> None:
    facts = hours(desk, NOW, EVERYTHING)
    span = Span(facts.since_ms, facts.until_ms)
    old = Span(span.since - 7 * DAY_MS, span.until - 7 * DAY_MS)

    def doors(of: Span) -> int:
        groups = figures_by(desk, of, EVERYTHING, types=("canvass.reported",))
        return sum(group.figures.counted for group in groups)

    figure = next(each for each in figure_views(facts, viewer("figures"), EN) if each.label == "Doors and calls")
    assert (figure.value, figure.before) == (EN.number(doors(span)), EN.number(doors(old)))
    assert figure.change == EN.show(Change(doors(span), doors(old)))
    assert figure.since == f"and {doors(Span(span.until, NOW + 1))} since {EN.time(span.until)}"
    found = evening(desk, NOW, EVERYTHING, sees_campaigns=True)
    assert found is not None
    for row in team_rows(found, EN):
        now, then = (
            sum(group.figures.counted for group in figures_by(desk, of, Scope(teams=frozenset({row.team}))))
            for of in (span, old)
        )
        assert (row.hour, row.change) == (now, EN.show(Change(now, then)))


def test_each_role_sees_the_figures_of_its_pages_only(desk: Desk) -> None:
    facts = hours(desk, NOW, EVERYTHING)
    assert [each.label for each in figure_views(facts, viewer("treasury"), EN)] == ["Raised, less refunds"]
    assert len([*figure_views(facts, viewer("field"), EN)]) == 3
    assert not [*figure_views(facts, viewer("operations"), EN)]


def test_what_the_desk_does_not_have_is_unknown_and_no_nought(tmp_path: Path) -> None:
    path = tmp_path / "desk.sqlite"
    Desk.create(path).close()
    facts = hours(Desk.open(path), NOW, EVERYTHING)
    figures = [*figure_views(facts, viewer("figures"), EN)]
    assert {(each.value, each.before, each.change) for each in figures} == {("–", "–", "–")}
    assert evening(Desk.open(path), NOW, EVERYTHING, sees_campaigns=True) is None


def test_what_fewer_than_ten_people_said_in_an_hour_is_not_shown(tmp_path: Path) -> None:
    facts = hours(hand_filled(tmp_path / "desk.sqlite"), HAND_NOW, Scope(regions=frozenset({"US-PA"})))
    figures = {each.label: each.value for each in figure_views(facts, viewer("field"), EN)}
    assert figures == {"Doors and calls": "9", "Met, of doors and calls": "–", "Supporters found": "–"}


def test_the_money_of_fewer_than_ten_gifts_in_an_hour_is_not_shown(tmp_path: Path) -> None:
    desk = hand_filled(tmp_path / "desk.sqlite")

    def raised(committee: str) -> str:
        scope = Scope(committees=frozenset({committee}))
        [figure] = figure_views(hours(desk, HAND_NOW, scope), viewer("treasury", scope=scope), EN)
        return figure.value

    assert (raised("C004"), raised("C009"), raised("C000")) == ("$600", "–", "0")
    ohio = Hour({}, {}, None)
    [figure] = figure_views(Facts(0, 1, ohio, Hour({}, {"USD": 5_000}, None), {}), viewer("treasury"), EN)
    assert (figure.value, figure.before) == ("$0", "$50")


def test_alerts_of_a_rule_are_counted_by_what_they_say_and_name_nobody(tmp_path: Path) -> None:
    said = [("over_cap", "digital: 4 touches on all channels within 1d, at most 3")] * 2
    said += [("over_cap", "field: 2 touches by door within 1d, at most 1"), ("double_touch", "x")]
    desk = Desk.create(tmp_path / "alerts.sqlite")
    for place, (rule, detail) in enumerate(said):
        desk.run("INSERT INTO alerts VALUES (?, ?, NULL, NULL, ?, ?, '[]')", (f"{place}", rule, NOW - place, detail))
    counts = alerts_by_detail(desk, "over_cap", last_day(NOW), EVERYTHING)
    assert alerts_by_rule(desk, last_day(NOW), EVERYTHING) == {"over_cap": 3, "double_touch": 1}
    assert not alerts_by_rule(desk, last_day(NOW), Scope(regions=frozenset({"US-OH"})))
    desk.close()
    rows = [*alert_rows(counts, "over_cap")]
    assert [(english(row.what), row.count, row.last_ms) for row in rows] == [
        ("digital: 4 touches on all channels within 1d, at most 3", 2, NOW),
        ("field: 2 touches by door within 1d, at most 1", 1, NOW - 2),
    ]


def test_alerts_about_people_who_were_erased_are_counted_and_no_line_is_empty() -> None:
    counts = [AlertCount("digital: 4 touches on all channels within 1d, at most 3", 2, NOW), AlertCount("", 3, NOW)]
    assert [row.count for row in alert_rows(counts, "over_cap")] == [2]
    assert erased_since(counts) == 3


def test_alerts_that_differ_in_how_far_apart_touches_were_are_one_line() -> None:
    said = {"3m": 2, "58m": 1, "1h": 4, "2d": 1}
    counts = [
        *(AlertCount(f"digital: by text, {apart} after field by door; at least 4d", n, n) for apart, n in said.items()),
        AlertCount("digital: by text, 7m after mail by door; at least 4d", 1, NOW),
        AlertCount("digital: by text, 7m after mail by door; at least 8h", 1, NOW),
        AlertCount("written by a newer version", 3, NOW),
    ]
    rows = alert_rows(counts, "double_touch")
    assert [(english(row.what), row.count, row.last_ms) for row in rows] == [
        ("digital: by text, 3m to 2d after field by door; at least 4d", 8, 4),
        ("written by a newer version", 3, NOW),
        ("digital: by text, 7m after mail by door; at least 4d", 1, NOW),
        ("digital: by text, 7m after mail by door; at least 8h", 1, NOW),
    ]
    assert "3 min à 2 j après" in FR.message(rows[0].what)


def test_an_alert_about_a_stop_is_told_in_the_words_of_the_reader_and_long_ago_in_years() -> None:
    said = ["digital: by text, consent_withdrawn 5,335d before", "field: by door, do_not_contact 3h before"]
    said.append("mail: by email, of_a_newer_version 90m before")
    rows = alert_rows([AlertCount(detail, 1, NOW) for detail in said], "touch_after_stop")
    assert [EN.message(row.what) for row in in_words(rows, EN)] == [
        "digital: by text, withdrew consent 14 years before",
        "field: by door, wants no contact 3 h before",
        "mail: by email, of_a_newer_version 1 h before",
    ]
    assert "a retiré son consentement" in FR.message(in_words(rows, FR)[0].what)
    [both] = alert_rows(
        [AlertCount(f"field: by door, suppressed {age} before", 1, NOW) for age in ("4d", "9d")], "touch_after_stop"
    )
    assert "stopped by us 4 days to 9 days before" in EN.message(in_words([both], EN)[0].what)


def test_who_sees_some_teams_reads_no_alert_that_names_another() -> None:
    details = (
        "digital: 4 touches on all channels within 1d, at most 3",
        "digital, field: 4 touches on all channels within 1d, at most 3",
        "written by a newer version",
    )
    rows = [*alert_rows([AlertCount(detail, 1, NOW) for detail in details], "over_cap")]
    mine = [row for row in rows if names_only_own(row, Scope(teams=frozenset({"digital"})))]
    assert [english(row.what) for row in mine] == [details[0]]
    both = AlertCount("digital: by text, 2h after field by door; at least 4h", 1, NOW)
    [row] = alert_rows([both], "double_touch")
    assert not names_only_own(row, Scope(teams=frozenset({"digital"})))
    assert names_only_own(row, Scope(teams=frozenset({"digital", "field"})))


def test_a_viewer_of_one_region_has_only_its_figures(desk: Desk) -> None:
    whole, ohio = hours(desk, NOW, EVERYTHING).last, hours(desk, NOW, Scope(regions=frozenset({"US-OH"}))).last
    assert whole is not None
    assert ohio is not None
    assert 0 < ohio.figures["canvass.reported"].counted < whole.figures["canvass.reported"].counted
    assert not ohio.net


def test_a_viewer_without_campaigns_sees_no_marks(desk: Desk) -> None:
    found = evening(desk, NOW, Scope(teams=frozenset({"field"})), sees_campaigns=False)
    assert found is not None
    assert not found.marks
    assert [row.team for row in team_rows(found, FR)] == ["field"]


def test_a_name_that_a_producer_chose_has_no_control_characters() -> None:
    [need] = of_campaigns([sent("a\x1b[31m", 30)], CampaignRates(), {}, NOW, EN)
    assert isinstance(need.what, CodedMessage)
    assert "\x1b" not in english(need.what)
