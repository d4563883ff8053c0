"""Which touches and which refusals are to be looked at, each judged at its own time."""

import pytest

from events.json_types import JSON
from streams.domain.contact.person_view import overview
from streams.domain.pressure import Policy
from streams.domain.pressure.alerting import PressureAlert, age, pressure_alerts
from tests.unit.domain.contact.said import DAY, HOUR, NOON, Arrival, by, folded, report, said
from tests.unit.domain.pressure.people import unlimited

MINUTE = 60_000


def mail(id_: str, at: int, source: str = "digital/mailer", **data: JSON) -> Arrival:
    return by(source, said("email.sent", id_, at, message_id=f"m{id_}", **data))


def text(id_: str, at: int, source: str = "field/relay") -> Arrival:
    return by(source, said("text.sent", id_, at, message_id=f"m{id_}"))


def raised(rules: Policy, *arrivals: Arrival, of: str = "last") -> list[PressureAlert]:
    """What the interaction with the id `of`, by default the last that came, raises where all are known."""
    trigger = arrivals[-1] if of == "last" else next(each for each in arrivals if each.interaction.id == of)
    said = trigger.interaction
    forwards = pressure_alerts(rules, overview(folded(*arrivals)), {(said.source, said.id)})
    assert pressure_alerts(rules, overview(folded(*reversed(arrivals))), {(said.source, said.id)}) == forwards
    return forwards


def rules_of(found: list[PressureAlert]) -> list[str]:
    return [each.rule for each in found]


ONE_A_DAY = unlimited(caps__email=[{"window": "1d", "at_most": 1}])


def test_a_touch_that_exceeds_a_cap_names_its_team_and_the_touches() -> None:
    [alert] = raised(ONE_A_DAY, mail("1", NOON), mail("2", NOON + HOUR, team="youth"))
    assert (alert.rule, alert.at) == ("over_cap", NOON + HOUR)
    assert alert.evidence == (("digital/mailer", "2"), ("digital/mailer", "1"))
    assert alert.detail == "youth: 2 touches by email within 1d, at most 1"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (mail("1", NOON, purpose="transactional"), mail("2", NOON)),
        (mail("1", NOON), mail("2", NOON, purpose="transactional")),
        (text("1", NOON), mail("2", NOON)),
        (report("1", NOON, method="letter", outcome="moved"), report("2", NOON, method="letter")),
    ],
)
def test_what_no_cap_counts_exceeds_none(first: Arrival, second: Arrival) -> None:
    assert raised(ONE_A_DAY, first, second) == []


APART = unlimited(gaps__across_teams="4h", gaps__phone="3d", gaps__across_channels="6h")


def test_two_teams_within_the_least_time_between_them() -> None:
    [alert] = raised(APART, mail("1", NOON), text("2", NOON + 35 * MINUTE))
    assert alert.rule == "double_touch"
    assert alert.evidence == (("field/relay", "2"), ("digital/mailer", "1"))
    assert alert.detail == "field: by text, 35m after digital by email; at least 6h"


@pytest.mark.parametrize(
    ("first", "second", "rules"),
    [
        (mail("1", NOON), mail("2", NOON + 3 * HOUR, "field/mailer"), ["double_touch"]),
        (mail("1", NOON), mail("2", NOON + 4 * HOUR, "field/mailer"), []),
        (mail("1", NOON), text("2", NOON + 6 * HOUR - 1), ["double_touch"]),
        (mail("1", NOON), text("2", NOON + 6 * HOUR), []),
        (mail("1", NOON, team="field"), text("2", NOON + MINUTE), []),
        (by("a/x", report("1", NOON, method="phone")), report("2", NOON + DAY, method="phone"), ["double_touch"]),
        (mail("1", NOON, purpose="transactional"), text("2", NOON + MINUTE), []),
    ],
)
def test_how_far_apart_two_teams_must_be(first: Arrival, second: Arrival, rules: list[str]) -> None:
    assert rules_of(raised(APART, first, second)) == rules


FREE = unlimited()


@pytest.mark.parametrize(
    ("stop", "touch", "binds"),
    [
        (said("email.unsubscribed", "s", NOON), mail("2", NOON + 1), True),
        (said("email.unsubscribed", "s", NOON), mail("2", NOON), False),
        (said("email.unsubscribed", "s", NOON), mail("2", NOON - 1), False),
        (said("email.unsubscribed", "s", NOON, list_id="news"), mail("2", NOON + 1), False),
        (said("email.complained", "s", NOON), mail("2", NOON + 1, purpose="transactional"), True),
        (said("text.opted_out", "s", NOON), text("2", NOON + 1), True),
        (said("text.opted_out", "s", NOON, sender="12345"), text("2", NOON + 1), False),
        (said("text.opted_out", "s", NOON), mail("2", NOON + 1), False),
        (said("consent.changed", "s", NOON, channel="all", granted=False), mail("2", NOON + 1), True),
        (report("s", NOON, outcome="do_not_contact"), text("2", NOON + 1), True),
        (report("s", NOON, outcome="deceased"), mail("2", NOON + 1), True),
        (report("s", NOON, outcome="refused"), mail("2", NOON + 1), False),
        (report("s", NOON + 1, outcome="deceased"), mail("2", NOON), False),
    ],
)
def test_a_touch_later_than_a_stop_that_closes_its_channel(stop: Arrival, touch: Arrival, binds: bool) -> None:
    found = [each for each in raised(FREE, stop, touch) if each.rule == "touch_after_stop"]
    assert bool(found) is binds
    if binds:
        assert found[0].evidence == ((touch.interaction.source, "2"), ("team/a", "s"))


def test_a_stop_that_was_lifted_binds_no_longer() -> None:
    lifted = said("consent.changed", "y", NOON + HOUR, channel="email", granted=True)
    known = said("email.unsubscribed", "s", NOON), lifted
    assert rules_of(raised(FREE, *known, mail("2", NOON + 1))) == ["touch_after_stop"]
    assert raised(FREE, *known, mail("2", NOON + 2 * HOUR)) == []


def test_a_channel_that_the_policy_closes_with_another() -> None:
    rules = unlimited(closures__also_closes={"opted_out": ["phone"]})
    call = report("2", NOON + HOUR, method="phone")
    [alert] = raised(rules, said("text.opted_out", "s", NOON), call)
    assert alert.detail == "team: by phone, opted_out 60m before"
    assert raised(FREE, said("text.opted_out", "s", NOON), call) == []


BUSY = mail("1", NOON), mail("2", NOON + HOUR)


@pytest.mark.parametrize(
    ("refusal", "rule"),
    [
        (said("email.complained", "r", NOON + 2 * HOUR), "complaint_after_pressure"),
        (said("email.complained", "r", NOON + 2 * HOUR, list_id="news"), "complaint_after_pressure"),
        (said("email.unsubscribed", "r", NOON + 2 * HOUR), "unsubscribe_after_pressure"),
        (said("text.opted_out", "r", NOON + 2 * HOUR), "unsubscribe_after_pressure"),
        (said("consent.changed", "r", NOON + 2 * HOUR, channel="all", granted=False), "unsubscribe_after_pressure"),
        (report("r", NOON + 2 * HOUR, outcome="do_not_contact"), "unsubscribe_after_pressure"),
    ],
)
def test_who_says_no_while_a_cap_is_exceeded(refusal: Arrival, rule: str) -> None:
    [alert] = raised(ONE_A_DAY, *BUSY, refusal)
    assert (alert.rule, alert.at) == (rule, NOON + 2 * HOUR)
    assert alert.evidence == (("team/a", "r"), ("digital/mailer", "2"), ("digital/mailer", "1"))
    assert alert.detail == "digital: 2 touches by email within 1d, at most 1"


@pytest.mark.parametrize(
    "word",
    [
        said("email.complained", "r", NOON + 30 * MINUTE),
        said("email.complained", "r", NOON + DAY),
        said("consent.changed", "r", NOON + 2 * HOUR, channel="email", granted=True),
    ],
)
def test_who_says_no_before_or_after_it_or_says_yes(word: Arrival) -> None:
    assert raised(ONE_A_DAY, *BUSY, word) == []


def test_who_says_no_while_the_points_are_exceeded() -> None:
    rules = unlimited(points={"budget": 3_000})
    visits = by("field/van", report("1", NOON - DAY)), by("field/van", report("2", NOON, method="phone"))
    [alert] = raised(rules, *visits, said("text.opted_out", "r", NOON))
    assert alert.detail == "field: 4717 milli-points, at most 3000"


def test_an_age_is_told_in_a_unit_that_people_can_read() -> None:
    assert [age(minutes * 60_000) for minutes in (0, 119, 120, 2_879, 2_880, 7_901_045)] == [
        *("0m", "119m", "2h", "47h", "2d", "5,486d"),
    ]
