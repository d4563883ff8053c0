"""What a record of `experiment-results` says to its sink, and that nothing which anybody may write stops it."""

import orjson
import pytest
from pydantic import TypeAdapter

from events.experiment_results import ExperimentResult, ExperimentSummary
from sinks.results import ResultChange
from streams.worker.agents.sinks.experiment_results import result_of
from tests.contract.whole_results import Said, record_of
from tests.unit.domain.experiments.example import CONTRACTS, doors, gotv, watched


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
