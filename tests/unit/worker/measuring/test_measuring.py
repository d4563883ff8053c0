"""What is measured of a worker."""

from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from zlib import crc32
from zoneinfo import ZoneInfo

import pytest
from faust.types import TP
from kafka.errors import KafkaTimeoutError
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from streams.domain.contact import profile
from streams.domain.replication import PartitionReplicas, TopicReplicas
from streams.engine.runs import End
from streams.engine.store import MemoryStore
from streams.platform.clients import KafkaClients
from streams.platform.errors import Fenced, StateLost, Unusable
from streams.platform.settings import Settings
from streams.worker.measuring import replicas
from streams.worker.measuring.campaign_counters import ONE_IN
from streams.worker.measuring.label_names import BoundedLabels, is_currency, is_team
from streams.worker.measuring.lag import FORGET_MS, PartitionProgress, RecordAges, SinkDistance, SinkLag
from streams.worker.measuring.observations import observe_all
from streams.worker.measuring.redis_and_disk import disk_used, memory_used
from streams.worker.measuring.replicas import ReplicasMonitor
from streams.worker.measuring.takeover import TakeoverMetrics, fail_stops, note_fail_stop
from streams.worker.measuring.teams import NO_SCHEDULE, read_schedule, schedule_of
from streams.worker.metrics import OperationsMetrics
from tests.unit.engine.kafka_records import Fetched
from tests.unit.worker.agents.contacts.interaction_records import folded, kept, said, state_of


def gift(offset: int, donation_id: str = "actblue:1", amount: int = 2500, currency: str = "USD") -> Fetched:
    return said(offset, "donation.made", donation_id=donation_id, amount=amount, currency=currency)


def test_types_are_counted_where_they_are_new() -> None:
    tally = folded(said(0), said(1), said(2, id_="i0"), gift(3)).tally

    assert tally.types == {"email.opened": 2, "donation.made": 1}


def test_money_is_what_a_chunk_changes() -> None:
    store = MemoryStore()
    first = folded(gift(0), gift(1), store=store)
    kept(first, store)
    second = folded(
        said(2, "donation.refunded", refund_id="r1", amount=1000, currency="USD"),
        gift(3, "actblue:2", 300, "EUR"),
        store=store,
    )

    assert first.tally.money == {("USD", "given"): 2500}
    assert second.tally.money == {("USD", "returned"): 1000, ("EUR", "given"): 300}


def test_a_gift_that_is_taken_back_was_returned_and_one_that_is_forgotten_was_not() -> None:
    store = MemoryStore()
    kept(folded(gift(0), store=store), store)
    back = folded(said(1, "interaction.retracted", retracts={"source": "digital/mailer", "id": "i0"}), store=store)

    assert back.tally.money == {("USD", "returned"): 2500}
    assert folded(said(1, "contact.erased"), store=store).tally.money == {}


def test_a_gift_that_is_forgotten_was_not_given_back() -> None:
    """Though another one comes in the same step."""
    store = MemoryStore()
    rented = said(0, "donation.made", donation_id="a:1", amount=2500, currency="USD", provenance={"kind": "rented"})
    kept(folded(rented, gift(1, "a:2", 700), store=store), store)
    forget = said(2, "contact.provenance_forgotten", kind="rented")

    assert folded(forget, gift(3, "a:3", 300), store=store).tally.money == {("USD", "given"): 300}


def test_reports_are_counted_by_method_and_outcome() -> None:
    doors = [said(offset, "canvass.reported", method="door", outcome="contacted") for offset in range(2)]
    tally = folded(*doors, said(2, "canvass.reported", method="phone", outcome="busy")).tally

    assert tally.reports == {("door", "contacted"): 2, ("phone", "busy"): 1}


def test_what_one_contact_in_so_many_has_read_stands_for_all() -> None:
    names = [f"c{number}" for number in range(20 * ONE_IN)]
    folding = folded(*(said(offset, who=name) for offset, name in enumerate(names)))
    asked = [name for name in names if crc32(name.encode()) % ONE_IN == 0]
    opens = [profile(name, state_of(folding, name))["email"]["opens_human"] for name in asked]

    assert len(asked) > 5
    assert folding.tally.human == {("open", "up"): round(sum(opens) * 1000)}
    assert folding.tally.acts == {"open": len(asked)}


def test_what_is_taken_back_was_no_persons() -> None:
    store = MemoryStore()
    name = next(name for name in map(str, range(1000)) if crc32(name.encode()) % ONE_IN == 0)
    opened = folded(said(0, who=name), store=store)
    kept(opened, store)
    retraction = said(1, "interaction.retracted", who=name, retracts={"source": "digital/mailer", "id": "i0"})
    back = folded(retraction, store=store)

    assert back.tally.human == {("open", "down"): opened.tally.human["open", "up"]}


@pytest.mark.parametrize("name", ["digital", "Field-2", "gotv_night"])
def test_a_short_word_is_a_team_label(name: str) -> None:
    assert is_team(name)


@pytest.mark.parametrize(
    "name", ["", "ada@example.org", "+12125550123", "12125550123", "Ada Lovelace", "a" * 33, "a\n"]
)
def test_an_address_or_number_is_no_team_label(name: str) -> None:
    assert not is_team(name)


def test_only_so_many_names_have_a_label_and_those_that_are_known() -> None:
    named = BoundedLabels(2, is_team, ["finance"])

    assert [named.label(name) for name in ("a", "b", "c", "a", "finance", "d")] == [
        *("a", "b", "other", "a", "finance", "other")
    ]


def test_a_name_that_looks_wrong_takes_no_place() -> None:
    named = BoundedLabels(1, is_currency)

    assert [named.label(name) for name in ("dollars", "USD")] == ["other", "USD"]


GIFTS, MORE = TP("donation-events", 0), TP("donation-events", 1)


def test_what_is_in_hand_has_waited_since_its_append() -> None:
    waiting = RecordAges()
    waiting.look({GIFTS: PartitionProgress(3, 10, 4_000), MORE: PartitionProgress(1, 5, 9_000)}, 10_000)

    assert waiting.waiting() == {"donation-events": 6}


Look = tuple[int, tuple[int, int | None] | None]
"""When it is looked, and the lag and what is done of a partition that is this worker's then."""


@pytest.mark.parametrize(
    ("looks", "seconds"),
    [
        ([(1_000, (3, 10)), (61_000, (5, 10))], 60),
        ([(1_000, (3, 10)), (61_000, (5, 10)), (62_000, (4, 11))], 0),
        ([(1_000, (0, 10)), (10_000, (3, 10))], 9),
        ([(1_000, (0, 10)), (900_000, (0, 10)), (901_000, (1, 10))], 1),
        ([(0, (3, 10)), (30_000, None), (60_000, (3, None))], 60),  # a rebalance is no progress
        ([(0, (3, 10)), (1_000, None), (FORGET_MS + 2_000, (3, None))], 0),  # it was somebody else's for long
    ],
)
def test_a_partition_with_lag_stands_still_since_it_had_none_or_more_was_done(looks: list[Look], seconds: int) -> None:
    waiting = RecordAges()
    for now, seen in looks:
        waiting.look({} if seen is None else {GIFTS: PartitionProgress(*seen, None)}, now)

    assert (waiting.stalled(), waiting.waiting()) == ({GIFTS: seconds}, {"donation-events": seconds})


def test_what_was_somebody_elses_while_this_worker_worked_begins_anew() -> None:
    waiting = RecordAges()
    waiting.look({GIFTS: PartitionProgress(0, 10, None), MORE: PartitionProgress(0, 5, None)}, 0)
    waiting.look({MORE: PartitionProgress(0, 5, None)}, 1_000)
    waiting.look({GIFTS: PartitionProgress(3, None, None), MORE: PartitionProgress(0, 5, None)}, 85_000)

    assert waiting.stalled() == {GIFTS: 0, MORE: 0}


STATE, OTHER = TP("contact-state", 0), TP("interactions", 0)


def test_a_sink_is_behind_by_what_it_lacks_since_it_lacked_nothing() -> None:
    behind = SinkLag("redis", ["contact-state"])
    behind.stands_at(STATE, 7)
    behind.whole_at(STATE, 1_000)

    assert behind.distances([STATE, OTHER], {STATE: End(10, 3_000)}, 4_000) == {STATE: SinkDistance(3, 3.0)}


def test_a_sink_that_never_was_whole_is_behind_since_the_first_look() -> None:
    behind = SinkLag("redis", ["contact-state"])
    behind.distances([STATE], {}, 1_000)

    assert behind.distances([STATE], {STATE: End(2, 0)}, 9_000) == {STATE: SinkDistance(None, 8.0)}


def test_what_is_not_owned_any_more_is_forgotten() -> None:
    behind = SinkLag("redis", ["contact-state"])
    behind.whole_at(STATE, 1_000)
    behind.distances([], {}, 2_000)

    assert behind.distances([STATE], {}, 60_000) == {STATE: SinkDistance(None, 0.0)}


VALUES = [0, 0.5, 1, 1.0000001, 2, 2.5, 3.0, 1e9, 0.5]


def shown(*, at_once: bool) -> str:
    registry = CollectorRegistry()
    child = Histogram("seconds", "Some seconds", ["of"], buckets=(0.5, 1, 2.5), registry=registry).labels("a")
    if at_once:
        observe_all(child, VALUES)
    else:
        for value in VALUES:
            child.observe(value)
    lines = generate_latest(registry).decode().splitlines()
    return "\n".join(line for line in lines if "_created" not in line)


def test_a_histogram_shows_the_same_whether_values_come_at_once_or_one_by_one() -> None:
    assert shown(at_once=True) == shown(at_once=False)


@pytest.mark.parametrize(
    ("limits", "used"),
    [
        ({"maxmemory": 100, "total_system_memory": 1000}, 0.25),
        ({"maxmemory": 0, "total_system_memory": 1000}, 0.025),
        ({"maxmemory": 0}, 0),
    ],
)
def test_memory_is_a_part_of_the_limit_or_of_the_machines(limits: dict[str, int], used: float) -> None:
    assert memory_used({"used_memory": 25, **limits}) == used


def test_a_disk_is_partly_used(tmp_path: Path) -> None:
    assert 0 < disk_used(tmp_path) < 1


SHORT = TopicReplicas("interactions", [PartitionReplicas(0, 1, (1, 2, 3), (1,)), PartitionReplicas(1, 1, (1,), (1,))])


async def test_partitions_short_of_copies_are_counted_and_the_last_count_stays_while_no_broker_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings, registry = Settings(), CollectorRegistry()
    monitor = ReplicasMonitor(KafkaClients(settings), settings, OperationsMetrics(registry))

    def away(*_: object) -> list[TopicReplicas]:
        raise KafkaTimeoutError

    for answer in (lambda *_: [SHORT], away):
        monkeypatch.setattr(replicas, "described_partitions", answer)
        await monitor._look_at_replicas()
        assert registry.get_sample_value("harmonia_kafka_under_replicated_partitions") == 1


def test_each_fail_stop_is_counted_by_its_reason_also_after_the_file_was_broken(tmp_path: Path) -> None:
    assert fail_stops(tmp_path) == {"fenced": 0, "state_lost": 0, "other": 0}
    (tmp_path / "fail-stops.json").write_bytes(b'{"fenced": "two"')
    for error in (Fenced("others"), Fenced("again"), StateLost("gone"), OSError("a disk")):
        note_fail_stop(tmp_path, error)
    assert fail_stops(tmp_path) == {"fenced": 2, "state_lost": 1, "other": 1}


def test_a_directory_that_cannot_be_written_keeps_nobody(tmp_path: Path) -> None:
    note_fail_stop(tmp_path / "gone", Fenced("others"))


CHANGELOG = TP("harmonia-contacts-changelog", 0)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def taking(registry: CollectorRegistry, tmp_path: Path) -> TakeoverMetrics:
    return TakeoverMetrics(OperationsMetrics(registry), tmp_path)


def test_a_take_over_is_shown_while_it_lasts(registry: CollectorRegistry, taking: TakeoverMetrics) -> None:
    taking.taking_over()
    taking.to_go(CHANGELOG, 10)
    taking.to_go(TP(CHANGELOG.topic, 1), 5)
    assert registry.get_sample_value("harmonia_recovery_records_to_go") == 15
    assert (registry.get_sample_value("harmonia_recovering_seconds") or 0) > 0

    taking.taken_over()
    assert registry.get_sample_value("harmonia_recovery_records_to_go") == 0
    assert registry.get_sample_value("harmonia_recovering_seconds") == 0
    assert registry.get_sample_value("harmonia_recovery_seconds_count") == 1


def test_one_that_begins_again_before_it_has_ended_is_one_recovery(
    registry: CollectorRegistry, taking: TakeoverMetrics
) -> None:
    taking.taking_over()
    taking.taking_over()
    taking.taken_over()

    assert registry.get_sample_value("harmonia_rebalances_total") == 2
    assert registry.get_sample_value("harmonia_recovery_seconds_count") == 1


def test_a_transaction_is_shown_while_it_is_open_or_tried_again(
    registry: CollectorRegistry, taking: TakeoverMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([100.0, 107.0])
    monkeypatch.setattr("streams.worker.measuring.takeover.time", SimpleNamespace(monotonic=clock.__next__))
    taking.waits_for_transaction()
    taking.transaction_ended("trouble", 0.0, 0)
    taking.waits_for_transaction()
    assert registry.get_sample_value("harmonia_transaction_open_seconds") == 7

    taking.waits_no_more()
    taking.transaction_ended("committed", 0.03, 40)
    assert registry.get_sample_value("harmonia_transaction_open_seconds") == 0
    assert registry.get_sample_value("harmonia_transactions_total", {"outcome": "trouble"}) == 1
    assert registry.get_sample_value("harmonia_transactions_total", {"outcome": "committed"}) == 1
    assert registry.get_sample_value("harmonia_transaction_seconds_sum") == 0.03
    assert registry.get_sample_value("harmonia_transaction_records_sum") == 40


def test_the_next_process_shows_why_the_last_one_ended(tmp_path: Path, taking: TakeoverMetrics) -> None:
    taking.failed(Fenced("others"))
    registry = CollectorRegistry()
    TakeoverMetrics(OperationsMetrics(registry), tmp_path)

    assert registry.get_sample_value("harmonia_fail_stops_total", {"reason": "fenced"}) == 1
    assert registry.get_sample_value("harmonia_fail_stops_total", {"reason": "other"}) == 0


NEW_YORK = ZoneInfo("America/New_York")
SCHEDULE = schedule_of(
    {
        "time_zone": "America/New_York",
        "teams": {"digital": {"hours": ["mon-fri 09:00-17:00", "sat-sun 20:00-24:00"]}, "field": {"hours": []}},
    }
)


@pytest.mark.parametrize(
    ("at", "is_expected"),
    [
        ((2026, 10, 26, 8, 59), False),
        ((2026, 10, 26, 9, 30), False),  # within the hour of grace
        ((2026, 10, 26, 10, 0), True),
        ((2026, 10, 26, 16, 59), True),
        ((2026, 10, 26, 17, 0), False),
        ((2026, 10, 31, 12, 0), False),  # a Saturday
        ((2026, 10, 31, 23, 59), True),
        ((2026, 7, 1, 9, 59), False),  # summer
        ((2026, 7, 1, 10, 0), True),
        ((2026, 12, 1, 9, 59), False),  # winter
        ((2026, 12, 1, 10, 0), True),
    ],
)
def test_a_team_is_expected_in_its_hours_of_the_place_an_hour_after_they_began(
    at: tuple[int, ...], is_expected: bool
) -> None:
    local = datetime(*at, tzinfo=NEW_YORK)  # type: ignore[arg-type, misc]
    assert SCHEDULE.expected(int(local.timestamp() * 1000))["digital"] is is_expected


def test_a_team_without_hours_is_never_expected() -> None:
    assert not SCHEDULE.expected(0)["field"]


def test_days_may_go_over_the_end_of_the_week() -> None:
    weekend = schedule_of({"teams": {"a": {"hours": ["sat-mon 00:00-24:00"]}}}).hours["a"][0]

    assert weekend.days == {5, 6, 0}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("zone = 1", "zone: not a key"),
        ("time_zone = 'Mars'", "time_zone: must be a name"),
        ("teams = 1", "teams: must be tables"),
        ("[teams.'ada@example.org']\nhours = []", "teams: a name is a letter"),
        ("[teams.a]\nfrom = 9", "teams.a: must be hours"),
        ("[teams.a]\nhours = [9]", "teams.a.hours: must be days and hours"),
        ("[teams.a]\nhours = ['mun 09:00-10:00']", "teams.a.hours: must be days and hours"),
        ("[teams.a]\nhours = ['mon 22:00-02:00']", "teams.a.hours: must end after it begins"),
        ("[teams.a]\nhours = ['mon 22:00-24:30']", "teams.a.hours: must end after it begins"),
        ("[", "HARMONIA_TEAMS: "),
    ],
)
def test_a_mistake_is_told_with_its_key_and_the_cure(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "teams.toml").write_text(text)

    with pytest.raises(Unusable, match=r"^HARMONIA_TEAMS: ") as refused:
        read_schedule(tmp_path / "teams.toml")
    assert said in str(refused.value)


def test_without_a_file_nobody_is_expected_and_one_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="HARMONIA_TEAMS: it cannot be read"):
        read_schedule(tmp_path / "none.toml")
    assert read_schedule(None) is NO_SCHEDULE
    assert NO_SCHEDULE.expected(0) == {}
