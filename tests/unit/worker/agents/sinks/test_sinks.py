"""Sinks of a worker."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, cast

import orjson
import pytest
from faust.types import TP
from prometheus_client import CollectorRegistry
from pydantic import TypeAdapter

from events.experiment_results import ExperimentResult, ExperimentSummary
from events.topics import CONTACT_LINKS, CONTACT_SEGMENTS, CONTACT_STATE, SEGMENT_COUNTS, SEGMENT_DEFINITIONS
from sinks.base import Completeness, ContactChange, Position
from sinks.memory import MemorySink
from sinks.results import ResultChange
from sinks.segments import SegmentsChange
from streams.engine.app import EXIT_FAIL_STOP, ChunkApp
from streams.engine.runs import End, Run
from streams.platform.clients import KafkaClients
from streams.platform.errors import EngineError, HiddenTopic, MissingTopic
from streams.platform.settings import Settings
from streams.worker.agents.sinks import former_topics
from streams.worker.agents.sinks.experiment_results import result_of
from streams.worker.agents.sinks.former_topics import runs_of_same_topic
from streams.worker.agents.sinks.redis_sink import ContactStateConnector, change_of, link_of
from streams.worker.agents.sinks.segments import count_of, definition_of, memberships_of
from streams.worker.agents.sinks.sink_connector import OVERDUE_MS, CompletenessMarks
from streams.worker.agents.spec import AgentSpec, BuiltAgent
from streams.worker.app import _add
from streams.worker.metrics import Metrics
from tests.contract.whole_results import Said, record_of
from tests.unit.domain.experiments.example import CONTRACTS, doors, gotv, watched
from tests.unit.engine.kafka_records import Fetched

SETTINGS = Settings(kafka_bootstrap="127.0.0.1:1")
PLACE = TP(CONTACT_STATE, 0)
SINK = cast(Any, object())


async def stopped_by(error: EngineError, sink: Any) -> list[int]:
    """With what the process of a worker ends where an agent, of this sink, raises this at its first chunk."""
    stopped: list[int] = []
    app = ChunkApp(SETTINGS, KafkaClients(SETTINGS), lambda _: None, stopped.append)
    begun = asyncio.Event()

    async def process(_: Run) -> None:
        begun.set()
        raise error

    _add(app, AgentSpec("redis", lambda _: BuiltAgent(process, sink)), cast(Any, None))
    app.lanes.open(1)
    [agent] = app.agents.values()
    await cast(Any, agent).fun(fetched(Run(PLACE, (), 5, 1)))
    await asyncio.wait_for(begun.wait(), 5)
    await app.lanes.settle()
    return stopped


async def fetched(*runs: Run) -> AsyncIterator[Sequence[Run]]:
    """What a fetch brings an agent."""
    yield runs


async def test_a_topic_that_is_away_when_a_chunk_is_to_be_written_to_a_sink_ends_no_worker() -> None:
    """It may be about to be made, and what is known to be in the sink is asked for again."""
    missing = MissingTopic("there is no topic contact-state")
    assert await stopped_by(missing, SINK) == []
    assert await stopped_by(missing, None) == [EXIT_FAIL_STOP]
    for error in (EngineError("something else"), HiddenTopic("this user may not see the topic contact-state")):
        assert await stopped_by(error, SINK) == [EXIT_FAIL_STOP]


@pytest.mark.parametrize("same_for", [0, 2])
async def test_runs_that_do_not_come_are_waited_for_as_long_as_the_topic_is_the_same(
    monkeypatch: pytest.MonkeyPatch, same_for: int
) -> None:
    monkeypatch.setattr(former_topics, "STILL_S", 0.001)
    first, asked, ended = Run(PLACE, (), 5, -1), 0, asyncio.Event()

    async def waiting() -> AsyncIterator[Run]:
        yield first
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def is_same() -> bool:
        nonlocal asked
        asked += 1
        return asked <= same_for

    async with asyncio.timeout(5):
        found = [run async for run in runs_of_same_topic(waiting(), is_same)]
    assert found == [first]
    assert asked == same_for + 1
    assert ended.is_set()


VERSION = ("version", b"81234")


def record(value: bytes | None, *headers: tuple[str, bytes | None], key: bytes | None = b"c1") -> Fetched:
    return Fetched(0, value, key, headers)


ERASED, FORGOTTEN = (ContactChange("c1", 81234, None, reason, None) for reason in ("erased", "forgotten"))


@pytest.mark.parametrize(
    ("said", "change"),
    [
        (record(b"{}", VERSION), ContactChange("c1", 81234, b"{}", None, None)),
        (record(b"{}", ("trace", b"\xff"), VERSION), ContactChange("c1", 81234, b"{}", None, None)),
        (
            record(None, VERSION, ("reason", b"merged"), ("merged_into", b"c2")),
            ContactChange("c1", 81234, None, "merged", "c2"),
        ),
        (record(None, VERSION, ("reason", b"erased")), ERASED),
        (record(None, VERSION, ("reason", b"forgotten")), FORGOTTEN),
    ],
)
def test_a_record_of_contact_state_is_a_change_whatever_other_headers_it_has(
    said: Fetched, change: ContactChange
) -> None:
    assert change_of(said) == change


def test_a_contact_that_was_never_heard_of_by_itself_is_forgotten_and_an_erased_one_is_not() -> None:
    assert (FORGOTTEN.forgotten, ERASED.forgotten) == (True, False)


@pytest.mark.parametrize(
    "foreign",
    [
        record(b"{}"),
        record(b"{}", ("version", None)),
        record(b"{}", ("version", b"")),
        record(b"{}", ("version", b"seven")),
        record(b"{}", ("version", b"-1")),
        record(b"{}", VERSION, key=None),
        record(b"{}", VERSION, key=b"\xff"),
        record(None, VERSION, ("merged_into", b"\xff")),
    ],
)
def test_a_record_that_is_not_of_harmonias_making_is_passed_over(foreign: Fetched) -> None:
    assert change_of(foreign) is None


def test_a_link_is_an_absorbed_contact() -> None:
    assert link_of(record(b'{"merged_into": "c2"}', VERSION)) == ContactChange("c1", 81234, None, None, "c2")


def test_a_null_link_is_a_contact_that_stands_alone_again() -> None:
    assert link_of(record(None, VERSION)) == ContactChange("c1", 81234, None, None, None, alone=True)


@pytest.mark.parametrize(
    "foreign",
    [
        record(None),
        record(None, ("version", b"seven")),
        record(None, VERSION, key=None),
        record(None, VERSION, key=b"\xff"),
        record(b"{", VERSION),
        record(b"{}", VERSION),
        record(b'{"merged_into": null}', VERSION),
        record(b'{"merged_into": "\xff"}', VERSION),
        record(b'{"later":' + b"[" * 100_000, VERSION),
    ],
)
def test_a_link_that_is_not_of_harmonias_making_is_passed_over(foreign: Fetched) -> None:
    assert link_of(foreign) is None


SINCE = "2026-11-28T18:31:51.250Z"
HELD = {"version": 7, "as_of": SINCE, "segments": {"donors": {"since": SINCE, "edition": "e1"}}}
COUNT = {"edition": "e1", "state": "complete", "members": 1, "entered": 1, "left": 0, "as_of": SINCE}
DEFINITION = {"id": "donors", "owner": "", "members": True, "all": [{"tag": "volunteer"}]}


def said(topic: str, key: bytes | None, value: object) -> Said:
    return Said(key, value if value is None or isinstance(value, bytes) else orjson.dumps(value), topic)


def test_memberships_and_counts_go_on_as_they_are() -> None:
    held, count = said(CONTACT_SEGMENTS, b"ada", HELD), said(SEGMENT_COUNTS, b"donors", COUNT)
    assert memberships_of(held) == SegmentsChange("ada", held.value or b"")
    assert count_of(count) == SegmentsChange("donors", count.value or b"")


@pytest.mark.parametrize("members", [True, False])
def test_a_definition_goes_on_with_whether_its_members_are_kept(members: bool) -> None:
    record = said(SEGMENT_DEFINITIONS, b"donors", {**DEFINITION, "members": members})
    assert definition_of(record) == SegmentsChange("donors", record.value or b"", keeps_members=members)


@pytest.mark.parametrize("read", [memberships_of, count_of, definition_of])
def test_a_null_of_segments_forgets(read: object) -> None:
    assert callable(read)
    assert read(said("", "grüße".encode(), None)) == SegmentsChange("grüße")


@pytest.mark.parametrize(
    "value",
    [b"", b"{}", b"\xff", b"[" * 100_000, {**DEFINITION, "id": "another"}, {**DEFINITION, "all": [{"tagg": "x"}]}],
)
def test_a_definition_that_cannot_be_read_takes_away_the_one_before(value: object) -> None:
    assert definition_of(said(SEGMENT_DEFINITIONS, b"donors", value)) == SegmentsChange("donors")


@pytest.mark.parametrize("key", [None, b"", b"\xff", b"x" * 257])
def test_a_record_that_names_nothing_says_nothing_of_segments(key: bytes | None) -> None:
    assert memberships_of(said(CONTACT_SEGMENTS, key, HELD)) is None
    assert count_of(said(SEGMENT_COUNTS, key, COUNT)) is None
    assert definition_of(said(SEGMENT_DEFINITIONS, key, DEFINITION)) is None


@pytest.mark.parametrize(
    "value", [b"", b"{}", b"[]", b"\xff", b"[" * 100_000, b'{"later":' + b"[" * 100_000, {**HELD, "segments": {"a": 1}}]
)
def test_memberships_and_counts_of_another_shape_say_nothing(value: object) -> None:
    assert memberships_of(said(CONTACT_SEGMENTS, b"ada", value)) is None
    assert count_of(said(SEGMENT_COUNTS, b"donors", value)) is None


@pytest.mark.parametrize("result", [CONTRACTS, gotv(), doors(), watched(gotv())])
def test_a_result_goes_on_as_it_is_with_a_line_of_it(result: ExperimentResult) -> None:
    record = record_of(result)

    change = result_of(record)

    assert change is not None
    assert (change.experiment_id, change.value) == (result["experiment"], record.value)
    TypeAdapter(ExperimentSummary).validate_json(change.line, strict=True)


def test_a_null_forgets() -> None:
    assert result_of(Said("grüße".encode(), None)) == ResultChange("grüße")


@pytest.mark.parametrize(
    "record",
    [
        Said(None, orjson.dumps(CONTRACTS)),
        Said(b"", None),
        Said(b"\xff", None),
        Said(b"x" * 257, None),
        Said(b"x12", b""),
        Said(b"x12", b"{}"),
        Said(b"x12", b"\xff"),
        Said(b"x12", b"[" * 100_000),
        Said(b"x12", b'{"later":' + b"[" * 100_000),
        Said(b"x12", orjson.dumps({**CONTRACTS, "contaminated": "many"})),
        Said(b"another", orjson.dumps(CONTRACTS)),
    ],
)
def test_what_is_not_of_harmonias_making_says_nothing(record: Said) -> None:
    assert result_of(record) is None


BOTH = A, B = [TP(CONTACT_STATE, 0), TP(CONTACT_LINKS, 0)]


class AnsweringLater(MemorySink):
    """`touched`: the topics of which it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.touched: list[str] = []

    async def touch(self, partition: int, position: Position) -> bool:
        await asyncio.sleep(0)
        self.touched.append(self.topic)
        return await super().touch(partition, position)


@pytest.mark.parametrize("order", [BOTH, BOTH[::-1]], ids=["states first", "links first"])
async def test_neither_topic_is_passed_over_for_the_other(order: Sequence[TP]) -> None:
    sink, start = AnsweringLater(), Position("topic", 0)
    agent = ContactStateConnector(sink, cast(Any, None), 1, Metrics(CollectorRegistry()), lambda: 0)
    for tp in BOTH:
        await sink.reading(tp.topic).write(0, [], None, start)
        agent._stands_at(tp, start)
    await agent.watch(order)
    assert sorted(sink.touched) == [CONTACT_LINKS, CONTACT_STATE]


async def looked(ends: dict[TP, End], now: int = 1_000) -> MemorySink:
    """A sink after a look; it stands at 10 in both topics."""
    sink, position = MemorySink(), Position("topic", 10)
    agent = ContactStateConnector(sink, cast(Any, None), 4, Metrics(CollectorRegistry()), lambda: now)
    for tp in BOTH:
        await sink.reading(tp.topic).write(0, [], None, position)
        agent._stands_at(tp, position)
    await agent.watch(BOTH, ends)
    return sink


async def test_readers_are_told_how_long_ago_nothing_was_missing() -> None:
    sink = await looked({BOTH[0]: End(10, 900), BOTH[1]: End(7, 400)})
    assert sink.told_whole == {(CONTACT_STATE, 0): Completeness(100, 4), (CONTACT_LINKS, 0): Completeness(600, 4)}


async def test_nothing_is_told_while_something_is_to_come_or_its_end_is_not_known() -> None:
    assert (await looked({BOTH[0]: End(11, 900)})).told_whole == {}
    assert (await looked({})).told_whole == {}


def test_an_end_is_told_once_when_it_is_reached() -> None:
    marks = CompletenessMarks()
    marks.note({A: End(10, 1000)})
    assert marks.reached(A, 9) is None
    assert marks.reached(A, 10) == End(10, 1000)
    assert marks.reached(A, 10) is None
    assert marks.reached(B, 99) is None


def test_under_a_steady_load_the_end_of_a_moment_ago_is_reached() -> None:
    marks = CompletenessMarks()
    marks.note({A: End(10, 1000)})
    marks.note({A: End(20, 2000)})
    assert marks.reached(A, 15) == End(10, 1000)
    marks.note({A: End(30, 3000)})
    assert marks.reached(A, 25) is None
    assert marks.reached(A, 30) == End(30, 3000)


def test_what_is_not_owned_any_more_is_forgotten() -> None:
    marks = CompletenessMarks()
    marks.note({A: End(10, 1000), B: End(10, 1000)})
    marks.note({B: End(20, 2000)})
    assert marks.reached(A, 10) is None
    assert marks.reached(B, 10) == End(10, 1000)


def test_only_an_end_beyond_the_sink_is_overdue() -> None:
    marks = CompletenessMarks()
    marks.note({A: End(10, 1000)})
    assert not marks.is_overdue(A, 9, 1000 + OVERDUE_MS)
    assert marks.is_overdue(A, 9, 1001 + OVERDUE_MS)
    assert not marks.is_overdue(A, 10, 10**12)
    assert not marks.is_overdue(B, 0, 10**12)
