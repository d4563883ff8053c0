"""A replay."""

from collections.abc import Callable
from dataclasses import replace
from math import inf
from pathlib import Path

import fsspec
import orjson
import pytest

from events.adapters.feed import RefusedElement
from events.identifiers import Hasher
from events.json_types import JSON
from events.purpose_wall import Wall
from events.refusal import Reason
from events.registry import topic_of
from events.times import render_time
from events.topics import EMAIL_EVENTS, INTERACTIONS
from sinks.lake.erasure_list import add_erasures, erasure_of
from sinks.lake.files import LocalFiles, open_files
from sinks.lake.writer import LakeWriter
from streams.domain.contact.state import DEDUP_WINDOW_MS
from streams.history.importing.file_items import UnchangedEvent, Unreadable
from streams.history.importing.import_run import ImportReport, ProgressDisplay
from streams.history.lake.erasure import AnnouncedErasure, erase_from_lake
from streams.history.lake.input_files import Selection, input_files_at, selected_files
from streams.history.lake.row_reading import ANONYMISED, BEFORE_ERASURE
from streams.history.replay.pacing import (
    BUSY_S,
    CALM_S,
    FEW,
    FIRST,
    SLOWEST,
    TOO_BUSY_S,
    Clock,
    LagEstimator,
    Pacer,
    ReplaySpeed,
    WorkerLoad,
    next_speed,
)
from streams.history.replay.replay_run import ReplaySource, decided_rows, preview_replay
from streams.history.replay.row_decisions import (
    ERASURES,
    OF_REFUSED_SOURCES,
    OF_THE_INACTIVE,
    TOO_OLD,
    WINDOW_MARGIN_MS,
)
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW, event
from tests.unit.history.lake.topic_records import DAY, TOPIC_ID, topic_record

ALL = Selection()
GIFT = topic_record(0, "donation.made", NOW - 900 * DAY, contact={"email": "ada@example.org"}, refcode="ü")


def history(path: Path, selection: Selection = ALL, *, erases: bool = False, now: int = NOW) -> ReplaySource:
    return ReplaySource(input_files_at(str(path)), selection, "US", now, erases=erases)


def told(found: ReplaySource) -> list[object]:
    judge = found.judge()
    parts = selected_files(found.parts, found.selection)
    return [result for part in parts for piece in decided_rows(part, judge) for result in piece.results]


def lake(folder: Path, *records: Fetched) -> Path:
    LakeWriter(LocalFiles(folder), TOPIC_ID).write(0, 0, len(records) - 1, records)
    return folder


def as_it_was(record: Fetched) -> UnchangedEvent:
    return UnchangedEvent(INTERACTIONS, record.key, record.value or b"", orjson.loads(record.value or b"")["type"])


def test_replayed_lake_rows_go_to_interactions_byte_for_byte(tmp_path: Path) -> None:
    assert told(history(lake(tmp_path, GIFT))) == [as_it_was(GIFT)]


def test_rows_of_a_refused_source_stay_behind_but_for_a_no(tmp_path: Path) -> None:
    """A lake of before a kind was refused is no way round the wall."""
    staff: dict[str, JSON] = {"provenance": {"kind": "staff"}, "contact": {"email": "ada@example.org"}}
    gift = topic_record(0, "donation.made", NOW - 4, **staff)
    no = topic_record(1, "consent.changed", NOW - 3, channel="email", granted=False, opinion="left", **staff)
    own = topic_record(2, "donation.made", NOW - 2, contact=staff["contact"], provenance={"kind": "self"})
    lake(tmp_path, gift, no, own)
    open_ = history(tmp_path)
    assert told(open_) == [as_it_was(no), as_it_was(gift), as_it_was(own)]  # the lake keeps types apart
    taken, left, as_sent = told(replace(open_, wall=Wall({"staff"})))
    assert left == OF_REFUSED_SOURCES
    assert as_sent == as_it_was(own)
    assert isinstance(taken, UnchangedEvent)
    data = orjson.loads(taken.value)["data"]
    assert (data["granted"], data["provenance"], "opinion" in data) == (False, {"kind": "staff"}, False)


@pytest.mark.parametrize("wall", [Wall({"staff"}), Wall({"staff"}, takes_descent=False)])
def test_a_row_with_nothing_that_the_wall_asks_about_is_not_judged(
    tmp_path: Path, wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Most rows are such, and a judgement takes longer than all else of a replay."""
    own = topic_record(1, "donation.made", NOW - 2, contact={"email": "ada@example.org"}, provenance={"kind": "self"})
    lake(tmp_path, GIFT, own)
    monkeypatch.setattr("streams.history.replay.row_decisions.judge_harmonised", pytest.fail)
    assert told(replace(history(tmp_path), wall=wall)) == [as_it_was(GIFT), as_it_was(own)]


def test_what_was_taken_before_fields_on_descent_were_refused_is_replayed_without_them(tmp_path: Path) -> None:
    """The gift counted when it was sent, so it does after a replay; what does not come back is the field."""
    own: dict[str, JSON] = {"contact": {"email": "ada@example.org"}}
    said: JSON = {"kind": "self", "birthPlace": "Oran"}
    gift = topic_record(0, "donation.made", NOW - 4, **own, lieu_de_naissance="Oran", remark="ü", provenance=said)
    staff = topic_record(1, "donation.made", NOW - 3, **own, consonance="x", provenance={"kind": "staff"})
    plain = topic_record(2, "donation.made", NOW - 2, **own, remark="ü")
    taken, left, as_sent = told(
        replace(history(lake(tmp_path, gift, staff, plain)), wall=Wall({"staff"}, takes_descent=False))
    )
    assert (left, as_sent) == (OF_REFUSED_SOURCES, as_it_was(plain))
    assert isinstance(taken, UnchangedEvent)
    before, after = orjson.loads(gift.value or b""), orjson.loads(taken.value)
    del before["data"]["lieu_de_naissance"], before["data"]["provenance"]["birthPlace"]
    assert after == before


def test_only_selected_rows_of_a_lake_are_replayed(tmp_path: Path) -> None:
    sent, opened = topic_record(1, "email.sent", NOW - 2), topic_record(2, "email.opened", NOW - 1)
    lake(tmp_path, GIFT, sent, opened)

    assert told(history(tmp_path, Selection(since=NOW - 2, until=NOW - 1))) == [as_it_was(sent)]
    assert told(history(tmp_path, Selection(types=frozenset({"email.opened"})))) == [as_it_was(opened)]


def test_raw_events_are_replayed_to_their_input_topic(tmp_path: Path) -> None:
    value = orjson.dumps(event("email.opened", contact={"contact_id": "c1", "phone": "+1 212 555 0100"}))
    bad = orjson.dumps(event("donation.made", amount=-1))
    (tmp_path / "said.jsonl").write_bytes(value + b"\n\n" + bad + b"\n{")

    first, *refused = told(history(tmp_path / "said.jsonl"))

    assert first == UnchangedEvent(EMAIL_EVENTS, None, value, "email.opened")
    assert [getattr(each, "element", None) for each in refused] == [bad, b"{"]
    assert topic_of("email.opened") == EMAIL_EVENTS


def test_harmonised_yes_from_the_future_is_dated_by_the_replay_and_far_ones_are_refused(tmp_path: Path) -> None:
    yes = topic_record(0, "consent.changed", NOW, channel="email", granted=True, contact={"email": "ada@example.org"})
    (tmp_path / "said.jsonl").write_bytes(yes.value or b"")

    [taken] = told(history(tmp_path / "said.jsonl", now=NOW - DAY // 48))
    [refused] = told(history(tmp_path / "said.jsonl", now=NOW - DAY))

    assert isinstance(taken, UnchangedEvent)
    assert orjson.loads(taken.value)["time"] == render_time(NOW - DAY // 48)
    assert isinstance(refused, RefusedElement)
    assert refused.refusal.reason is Reason.TIME_IN_FUTURE


def test_messages_older_than_a_week_are_not_replayed(tmp_path: Path) -> None:
    edge = NOW - DEDUP_WINDOW_MS + WINDOW_MARGIN_MS
    at_it, before = topic_record(0, "email.sent", edge), topic_record(1, "email.sent", edge - 1)
    unsubscribed = topic_record(2, "email.unsubscribed", edge - 1)
    lake(tmp_path, at_it, before, unsubscribed)

    assert sorted(map(repr, told(history(tmp_path)))) == sorted(
        map(repr, [as_it_was(at_it), TOO_OLD, as_it_was(unsubscribed)])
    )


def test_events_of_erased_people_are_not_replayed(tmp_path: Path) -> None:
    erasure = topic_record(0, "contact.erased", NOW - 2 * DAY)
    before = topic_record(1, "donation.made", NOW - 3 * DAY)
    after = topic_record(2, "donation.made", NOW - DAY)
    other = topic_record(3, "donation.made", NOW - 3 * DAY, contact={"contact_id": "c2"})
    late = topic_record(4, "donation.made", NOW - DAY, contact={"contact_id": "c2"})
    lake(tmp_path, erasure, before, after, other, late)
    add_erasures(LocalFiles(tmp_path), [erasure_of("c2", NOW - 2 * DAY)])

    kept_out = told(history(tmp_path))
    assert sorted(map(repr, kept_out)) == sorted(
        map(repr, [ERASURES, BEFORE_ERASURE, BEFORE_ERASURE, as_it_was(after), as_it_was(late)])
    )


def test_replayed_erasures_are_sent_before_everything_else(tmp_path: Path) -> None:
    lake(tmp_path, topic_record(0, "contact.erased", NOW - 2 * DAY), topic_record(1, "donation.made", NOW - DAY))
    only = Selection(types=frozenset({"donation.made"}))
    report = ImportReport(None)

    preview_replay(history(tmp_path, only, erases=True), report, ProgressDisplay(lambda _: None, pytest.fail))

    assert dict(report.counts.interactions) == {"contact.erased": 1, "donation.made": 1}
    assert not report.counts.left_out


def test_erasures_for_doing_nothing_are_not_replayed(tmp_path: Path) -> None:
    """By a part of a history somebody might seem to have done nothing who has."""
    lake(tmp_path, topic_record(0, "contact.erased_if_inactive", NOW - DAY, inactive_since="2009-01-01T00:00:00Z"))
    assert told(history(tmp_path, erases=True)) == [OF_THE_INACTIVE]


def test_a_lake_with_pending_erasures_is_not_replayed(tmp_path: Path) -> None:
    command = topic_record(0, "contact.erased", NOW - 2 * DAY)
    lake(tmp_path, command, topic_record(1, "donation.made", NOW - DAY, contact={"email": "ada@example.org"}))
    files = LocalFiles(tmp_path)

    with pytest.raises(Unreadable, match=r"^1 erasures are not carried out in this lake yet.*`harmonia lake erase`"):
        preview_replay(history(tmp_path), ImportReport(None), ProgressDisplay(lambda _: None, pytest.fail))
    erase_from_lake(files, [], None)
    preview_replay(history(tmp_path), ImportReport(None), ProgressDisplay(lambda _: None, pytest.fail))

    of_another_name = AnnouncedErasure(erasure_of("c2", NOW - DAY), "office/desk", "x")
    with pytest.raises(Unreadable, match=r"^1 erasures"):
        history(tmp_path).require_erased([of_another_name])
    erase_from_lake(files, [of_another_name], None)
    history(tmp_path).require_erased([of_another_name])


def test_a_replay_from_a_lake_obeys_the_time_at_which_erasures_were_heard(tmp_path: Path) -> None:
    lake(tmp_path, topic_record(1, "contact.erased", NOW - 2 * DAY), topic_record(0, "donation.made", NOW - DAY))

    assert told(history(tmp_path, erases=True)) == [BEFORE_ERASURE]


def test_anonymised_donations_are_not_replayed(tmp_path: Path) -> None:
    lake(tmp_path, topic_record(0, "contact.erased", NOW - 2 * DAY))
    add_erasures(LocalFiles(tmp_path), [erasure_of("c1", NOW - 2 * DAY)])
    LakeWriter(LocalFiles(tmp_path), TOPIC_ID).write(0, 1, 1, [topic_record(1, "donation.made", NOW - 3 * DAY)])

    assert told(history(tmp_path, Selection(types=frozenset({"donation.made"})))) == [ANONYMISED]


def test_a_replay_may_name_a_lake_a_folder_or_a_file_by_uri() -> None:
    store = fsspec.filesystem("memory")
    store.pipe_file("/replayed/some/said.jsonl", GIFT.value)
    LakeWriter(open_files("memory://replayed/lake"), TOPIC_ID).write(0, 0, 0, [GIFT])

    for place in ("memory://replayed/some/said.jsonl", "memory://replayed/some", "memory://replayed/lake"):
        assert told(ReplaySource(input_files_at(place), ALL, "US", NOW)) == [as_it_was(GIFT)], place
    with pytest.raises(Unreadable, match="there is nothing"):
        input_files_at("memory://replayed/some/other.jsonl")


def test_identity_pairs_are_replayed_under_the_smaller_id(tmp_path: Path) -> None:
    pair: list[JSON] = ["b", Hasher([b"k"]).voter("NY:1")]
    command = topic_record(0, "contact.linked", NOW - DAY, contact_ids=pair, contact={"email": "ada@example.org"})
    (tmp_path / "x.jsonl").write_bytes(command.value or b"")

    assert told(history(tmp_path / "x.jsonl")) == [
        UnchangedEvent(INTERACTIONS, b"b", command.value or b"", "contact.linked")
    ]


def test_the_fingerprint_of_a_replayed_file_depends_on_content_and_selection(tmp_path: Path) -> None:
    for name, content in (("a.jsonl", b"{}"), ("b.jsonl", b"{}"), ("c.jsonl", b"{ }")):
        (tmp_path / name).write_bytes(content)

    same, too, other = input_files_at(str(tmp_path))

    assert same.fingerprint(ALL) == too.fingerprint(ALL) != other.fingerprint(ALL)
    assert same.fingerprint(ALL) != same.fingerprint(Selection(since=NOW))


@pytest.mark.parametrize(
    ("before", "late", "after"),
    [
        (ReplaySpeed(1_000), 0, ReplaySpeed(1_250)),
        (ReplaySpeed(9_000), CALM_S, ReplaySpeed(10_000)),
        (ReplaySpeed(1_000), CALM_S + 0.1, ReplaySpeed(1_000)),
        (ReplaySpeed(1_000), BUSY_S, ReplaySpeed(500)),
        (ReplaySpeed(60), BUSY_S, ReplaySpeed(SLOWEST)),
        (ReplaySpeed(1_000), TOO_BUSY_S, ReplaySpeed(500, paused=True)),
        (ReplaySpeed(500, paused=True), inf, ReplaySpeed(500, paused=True)),
        (ReplaySpeed(500, paused=True), CALM_S + 0.1, ReplaySpeed(500, paused=True)),
        (ReplaySpeed(500, paused=True), CALM_S, ReplaySpeed(500)),
    ],
)
def test_the_lag_of_workers_decides_the_next_replay_speed(before: ReplaySpeed, late: float, after: ReplaySpeed) -> None:
    assert next_speed(before, late, 10_000) == after


def test_a_replay_is_never_faster_than_its_rate() -> None:
    assert next_speed(ReplaySpeed(10), BUSY_S, most=10) == ReplaySpeed(10)
    assert next_speed(ReplaySpeed(10), 0, most=10) == ReplaySpeed(10)


def test_the_lag_in_seconds_depends_on_the_workers_speed() -> None:
    lateness = LagEstimator()
    unknown = [lateness.seconds(WorkerLoad(4_000, 1_000 * now), now) for now in range(3)]

    assert all(CALM_S < late < BUSY_S for late in unknown)
    assert [lateness.seconds(WorkerLoad(4_000, 1_000 * now), now) for now in range(3, 12)] == [4.0] * 9
    assert lateness.seconds(WorkerLoad(FEW, 11_000), 12) == 0
    assert [lateness.seconds(WorkerLoad(4_000, 11_000), now) for now in range(13, 20)][-1] == inf


class Time:
    """A clock that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def clock(self) -> Clock:
        return Clock(lambda: self.now, self.sleep)


def took(pace: Pacer, time: Time, records: int) -> float:
    begun = time.now
    for _ in range(records):
        pace()
    return time.now - begun


@pytest.mark.parametrize("rate", [3.0, 1_000.0])
def test_the_pacer_holds_its_rate(rate: float) -> None:
    time = Time()
    pace = Pacer(rate, None, pytest.fail, time.clock())

    assert took(pace, time, int(rate) * 20) == pytest.approx(20, abs=1)


def working(time: Time, behind: Callable[[float], int]) -> Callable[[], WorkerLoad]:
    """Workers that do 1,000 records a second, and are behind by so many at a time."""
    return lambda: WorkerLoad(behind(time.now), int(1_000 * time.now))


def test_the_pacer_says_that_it_pauses_and_goes_on() -> None:
    told: list[str] = []
    time = Time()
    late = working(time, lambda now: 9_000 if 5 <= now < 8 else 0)
    pace = Pacer(FIRST, late, told.append, time.clock())

    assert took(pace, time, int(FIRST) * 9) > 12
    pausing, going_on = told
    assert pausing.startswith("pausing: workers are 9,000 records or 9 s behind")
    assert going_on == "going on at 1,000/s: workers are 0 records behind"
