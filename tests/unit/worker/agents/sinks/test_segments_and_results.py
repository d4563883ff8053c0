"""What records of segments and of results say to their sinks, and that nothing which anybody may write stops them."""

import orjson
import pytest
from pydantic import TypeAdapter

from events.experiment_results import ExperimentResult, ExperimentSummary
from events.topics import CONTACT_SEGMENTS, SEGMENT_COUNTS, SEGMENT_DEFINITIONS
from sinks.results import ResultChange
from sinks.segments import SegmentsChange
from streams.worker.agents.sinks.experiment_results import result_of
from streams.worker.agents.sinks.segments import count_of, definition_of, memberships_of
from tests.contract.whole_results import Said, record_of
from tests.unit.domain.experiments.example import CONTRACTS, doors, gotv, watched

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
