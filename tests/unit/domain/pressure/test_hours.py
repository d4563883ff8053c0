"""Hours, zones and the days of a campaign."""

from typing import Any

import pytest

from events.outputs import Zones
from streams.domain.pressure import decide
from streams.domain.pressure.asking import Evidence
from streams.domain.pressure.french_departments import department_of
from streams.domain.pressure.hours import Opening, next_opening
from streams.domain.pressure.policy_values import HOUR, Hours
from streams.domain.pressure.time_zones import zones_of, zones_of_country, zones_of_region
from tests.unit.domain.pressure.people import NOON, asking, default, ms, person, policy, ruled

NEW_YORK = ("America/New_York",)


def every_day(first: int, last: int, **other: Hours) -> tuple[Hours, ...]:
    names = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    return tuple(other.get(name, (first * HOUR, last * HOUR)) for name in names)


def test_the_clock_goes_forward_on_the_8th_of_march_and_back_on_the_1st_of_november() -> None:
    week = every_day(9, 20)
    saturday, sunday = (next_opening(NEW_YORK, week, ms(f"2026-03-0{day}T06:00:00Z")) for day in (7, 8))
    assert saturday == Opening(ms("2026-03-07T14:00:00Z"), ms("2026-03-08T01:00:00Z"))
    assert sunday == Opening(ms("2026-03-08T13:00:00Z"), ms("2026-03-09T00:00:00Z"))
    saturday, sunday = (next_opening(NEW_YORK, week, ms(f"2026-{day}T06:00:00Z")) for day in ("10-31", "11-01"))
    assert saturday == Opening(ms("2026-10-31T13:00:00Z"), ms("2026-11-01T00:00:00Z"))
    assert sunday == Opening(ms("2026-11-01T14:00:00Z"), ms("2026-11-02T01:00:00Z"))


def test_an_hour_that_the_clock_shows_twice_is_open_twice_and_one_that_it_skips_never() -> None:
    night = every_day(1, 3)
    twice = next_opening(NEW_YORK, night, ms("2026-11-01T04:00:00Z"))
    assert twice == Opening(ms("2026-11-01T05:00:00Z"), ms("2026-11-01T08:00:00Z"))
    skipped = next_opening(NEW_YORK, tuple([(2 * HOUR, 3 * HOUR)] * 7), ms("2026-03-08T05:00:00Z"))
    assert skipped == Opening(ms("2026-03-09T06:00:00Z"), ms("2026-03-09T07:00:00Z"))


def test_half_the_world_apart_it_never_opens() -> None:
    assert next_opening(("Europe/London", "Pacific/Auckland"), every_day(9, 18), ms("2026-07-01T00:00:00Z")) is None


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


ANYWHERE_FRENCH = tuple(
    sorted({zone for code in ("FR", "GF", "GP", "MQ", "RE", "YT") for zone in zones_of_country(code)})
)


@pytest.mark.parametrize(
    ("postcode", "department"),
    [
        ("75011", "75"),
        (" F-69003 ", "69"),
        ("97 400", "974"),
        ("FR-97400", "974"),
        ("fr 97 400", "974"),
        ("97200 CEDEX", "972"),
        ("97 245 Cedex 2", "972"),
        ("75231 cedex 05", "75"),
        ("CEDEX", None),
        ("97200 CEDEXES", None),
        ("01000", "01"),
        ("95880", "95"),
        ("20000", "2A"),
        ("20167", "2A"),
        ("20200", "2B"),
        ("20600", "2B"),
        ("97400", "974"),
        ("97500", "975"),
        ("98800", "988"),
        ("98000", None),  # Monaco
        ("00100", None),  # military post
        ("96000", None),
        ("97900", None),
        ("1000", None),
        ("750111", None),
        ("７５０１１", None),
        ("", None),
    ],
)
def test_the_first_two_digits_name_the_department_overseas_three(postcode: str, department: str | None) -> None:
    assert department_of(postcode) == department


@pytest.mark.parametrize(
    ("region", "postcode", "zones"),
    [
        (None, "75011", ("Europe/Paris",)),
        (None, "97110", ("America/Guadeloupe",)),
        (None, "97200", ("America/Martinique",)),
        (None, "97300", ("America/Cayenne",)),
        (None, "97400", ("Indian/Reunion",)),
        (None, "97600", ("Indian/Mayotte",)),
        (None, "98714", zones_of_country("PF")),
        (None, "98000", ("Europe/Paris",)),  # says nothing, so the country decides
        ("FR-IDF", "97400", ("Indian/Reunion",)),
        ("RE", "75011", ("Europe/Paris",)),
        ("FR-974", None, ("Indian/Reunion",)),
        ("FR-GP", "not one", ("America/Guadeloupe",)),
        ("FR-75", None, ("Europe/Paris",)),
        ("FR-", None, ("Europe/Paris",)),
        ("FR-IDF", None, ("Europe/Paris",)),
        ("FR-69M", None, ("Europe/Paris",)),
        ("FR-LRE", None, ("Indian/Reunion",)),
        ("FR-GUA", None, ("America/Guadeloupe",)),
        ("FR-MAY", None, ("Indian/Mayotte",)),
        ("FR-XYZ", None, ANYWHERE_FRENCH),
        ("US-NY", "97400", ("America/New_York",)),
    ],
)
def test_in_france_the_postcode_else_the_region_tells_the_clock(
    region: str | None, postcode: str | None, zones: tuple[str, ...]
) -> None:
    assert zones_of(known(None, region, postcode), "FR") == zones


def test_in_the_union_a_postcode_is_french_only_where_the_region_is() -> None:
    assert zones_of(known(None, None, "97400"), "EU") == zones_of_country("EU")
    assert zones_of(known(None, "FR-974", "97400"), "EU") == ("Indian/Reunion",)


def test_a_department_on_the_mainland_is_the_country() -> None:
    assert zones_of_region("FR-2A") == zones_of_region("FR") == ("Europe/Paris",)


def known(time_zone: str | None = None, region: str | None = None, postal_code: str | None = None) -> Zones:
    return {"time_zone": time_zone, "region": region, "postal_code": postal_code}


@pytest.mark.parametrize(
    ("zones", "expected"),
    [
        (known("Pacific/Honolulu", "US-NY", "10001"), ("Pacific/Honolulu",)),
        (known(None, "US-CA", "10001"), ("America/New_York",)),
        (known(None, "US-CA", " 10001-1234 "), ("America/New_York",)),
        (known(None, None, "67758"), ("America/Denver",)),  # the west of Kansas
        (known(None, "US-KS", "2138"), ("America/Chicago", "America/Denver")),  # a zero was lost: no ZIP code
        (known(None, "US-AK", "99634"), zones_of_region("US-AK")),  # a misprint in the table
        (known(None, "FR-75", "10115"), ("Europe/Paris",)),  # would be a ZIP code of New York
        (known(None, "PR-SJ", "00901"), ("America/Puerto_Rico",)),
        (known(None, "US-TN"), ("America/Chicago", "America/New_York")),
        (known(None, "US-NY"), ("America/New_York",)),
        (known(None, "US-AZ"), ("America/Denver", "America/Phoenix")),  # the Navajo change their clocks
        (known(None, "US-AE", "09001"), zones_of_country("US")),  # armed forces, wherever they are
        (known(None, "ZZ-1"), zones_of_country("US")),
        (known("Mars/Olympus", None, None), zones_of_country("US")),
        (known(), zones_of_country("US")),
        (None, zones_of_country("US")),
    ],
)
def test_the_zone_else_the_postcode_else_the_region_else_the_whole_country(
    zones: Zones | None, expected: tuple[str, ...]
) -> None:
    assert zones_of(zones, "US") == expected


def test_elsewhere_a_postcode_without_a_region_is_no_zip_code() -> None:
    assert zones_of(known(None, None, "10001"), "DE") == zones_of_country("DE")


def test_a_region_outside_the_united_states_is_its_whole_country() -> None:
    assert zones_of_region("CA-ON") == zones_of_country("CA")
    assert {"America/St_Johns", "America/Vancouver"} <= set(zones_of_country("CA"))
    assert {"America/New_York", "Pacific/Honolulu", "America/Adak"} <= set(zones_of_country("US"))
    assert zones_of_country("XX") == ()
