"""The demo's evening: the same from a seed, with all that there is to see, and the truth about each record."""

from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from events.envelope import Interaction
from streams.demo.evening import (
    BROKEN,
    EXPERIMENT,
    MAILING,
    QUIET_TURF,
    TEXTS,
    Evening,
    last_evening,
    letters_of,
    name_of,
    write_evening,
)
from streams.demo.evening_report import accepted_once
from streams.demo.oracle import experiment_results
from streams.demo.recount_campaigns import campaigns, mailbox_of
from streams.demo.script import as_sent, contributions, write_script
from streams.demo.source_system import DAY, HOUR, parse_time_ms
from streams.demo.truth import Publication, Sent
from streams.demo.voters import TURFS

NOW = int(datetime(2026, 11, 28, 12, tzinfo=UTC).timestamp() * 1_000)
STARTS = last_evening(NOW)
LIMIT, JUDGED_FROM = 0.003, 1_000
"""As the policy has it that comes with Harmonia."""


@pytest.fixture(scope="module")
def donations() -> list[Sent]:
    return [as_sent(one) for one in contributions() if isinstance(one, Interaction)]


@pytest.fixture(scope="module", params=[1.0, 0.02], ids=["whole", "small"])
def scale(request: pytest.FixtureRequest) -> float:
    found: float = request.param
    return found


@pytest.fixture(scope="module")
def whole(donations: list[Sent]) -> Evening:
    return write_evening(donations, 7, 1.0, STARTS)


@pytest.fixture(scope="module")
def evening(scale: float, whole: Evening, donations: list[Sent]) -> Evening:
    return whole if scale == 1 else write_evening(donations, 7, scale, STARTS)


def published(evening: Evening) -> list[Publication]:
    return [one.publication for one in evening.arrivals]


def test_a_whole_evening_has_20_thousand_doors_and_calls_and_two_sends(whole: Evening) -> None:
    sent = accepted_once(whole)
    types = Counter(one.type for one in sent)
    assert types["canvass.reported"] == 20_000
    assert {one.fields["campaign_id"] for one in sent if one.type in ("email.sent", "text.sent")} == {MAILING, TEXTS}
    assert types["email.sent"] > 5_900
    assert types["text.sent"] == 3_000
    assert {one.fields["turf"] for one in sent if "turf" in one.fields} == {*TURFS}


def test_records_of_an_evening_come_in_order_and_within_it(evening: Evening) -> None:
    times = [one.at for one in evening.arrivals]
    assert times == sorted(times)
    assert times[0] >= STARTS
    assert times[-1] <= evening.ends
    assert [act.at for act in evening.acts] == sorted(act.at for act in evening.acts)


def test_nobody_is_knocked_at_twice_within_a_week_but_at_the_turf_that_is_left_early(whole: Evening) -> None:
    visits: dict[str, list[int]] = {}
    for one in [*(each.sent for each in whole.before if each.reason is None), *accepted_once(whole)]:
        if one.fields.get("method") == "door" and one.fields["turf"] != QUIET_TURF:
            visits.setdefault(one.contact["voter_id"], []).append(parse_time_ms(one.time))
    close = [
        voter
        for voter, times in visits.items()
        if any(0 < later - earlier < 7 * DAY for earlier, later in pairwise(sorted(set(times))))
    ]
    assert len(visits) > 14_000
    assert close == []


def test_no_two_teams_reach_one_person_in_an_evening_and_nobody_who_said_no_before(donations: list[Sent]) -> None:
    script = write_script(7, 0.5, evening_starts=STARTS)
    assert script.evening is not None
    no = {
        name_of(one.sent.contact)
        for one in script.publications
        if one.sent.type in ("email.unsubscribed", "email.complained", "text.opted_out", "contact.suppressed")
    }
    teams: dict[str, set[str]] = {}
    for one in accepted_once(script.evening):
        if one.type in ("email.sent", "text.sent", "canvass.reported"):
            teams.setdefault(name_of(one.contact), set()).add(one.team)
    assert len(no) > 100
    assert no.isdisjoint(teams)
    assert {len(those) for those in teams.values()} == {1}


def test_nothing_is_published_in_an_evening_before_it_happened(evening: Evening) -> None:
    good = [one for one in evening.arrivals if one.publication.reason is None]
    assert all(parse_time_ms(one.publication.sent.time) <= one.at for one in good)


def test_complaints_about_the_mailing_come_near_the_limit_and_never_reach_it(evening: Evening) -> None:
    messages, complaints = Counter[str](), Counter[str]()
    seen = set()
    for one in published(evening):
        if one.reason is not None or (one.sent.source, one.sent.id) in seen:
            continue
        seen.add((one.sent.source, one.sent.id))
        messages[mailbox_of(one.sent.contact)] += one.sent.type == "email.sent"
        complaints[mailbox_of(one.sent.contact)] += one.sent.type == "email.complained"
        for mailbox, count in complaints.items():
            assert messages[mailbox] < JUDGED_FROM or count < LIMIT * messages[mailbox]
    assert messages["gmail"] >= JUDGED_FROM
    assert complaints["gmail"] + 1 >= LIMIT * messages["gmail"]
    recounted = campaigns(accepted_once(evening))[MAILING]["gmail"]
    assert (recounted["sent"], recounted["complaints"]) == (messages["gmail"], complaints["gmail"])


def test_the_source_that_breaks_is_good_before_and_after_and_sends_enough_to_be_noticed(
    evening: Evening, scale: float
) -> None:
    broke, mended = (act.at for act in evening.acts if act.words.startswith(BROKEN))
    forms = [one for one in evening.arrivals if one.publication.sent.source == BROKEN]
    bad = [one.at for one in forms if one.publication.reason == "no_time"]
    good = [one.at for one in forms if one.publication.kind == "first" and not one.publication.late]
    assert len([at for at in bad if broke <= at < mended]) >= 3 * letters_of(scale)
    assert [at for at in good if broke <= at < mended] == []
    assert 0 < len([at for at in good if at < broke]) < len(bad) / 2
    assert [at for at in good if mended <= at < evening.released]


def test_the_evenings_experiment_shows_that_the_second_subject_is_better(evening: Evening) -> None:
    people: dict[str, list[Sent]] = {}
    for one in accepted_once(evening):
        people.setdefault(repr(one.contact.get("voter_id") or one.contact.get("external")), []).append(one)
    arms = experiment_results(people.values(), {EXPERIMENT: {"window_ms": 2 * HOUR}})[EXPERIMENT]
    first, second = (arms[variant]["metrics"]["opened"]["raw"] / arms[variant]["n"] for variant in "AB")
    assert second > 1.4 * first > 0


def test_a_script_with_an_evening_publishes_the_rest_as_without_and_counts_both() -> None:
    without, played = write_script(3, 0.02), write_script(3, 0.02, evening_starts=STARTS)
    assert played.evening is not None
    assert played.publications == [*without.publications, *played.evening.before]
    assert played.everything() == [*played.publications, *published(played.evening)]
    assert len(played.letters()) > len(without.letters()) > 0
