"""The agent of `experiment-results`: gives Redis the newest result of each experiment, and a line of it for lists."""

import msgspec
import orjson

from events.experiment_results import ExperimentResult
from events.fields import MAX_ID
from events.topics import EXPERIMENT_RESULTS
from sinks.results import ResultChange
from streams.domain.experiments.report.summary import summary_of
from streams.engine.runs import KafkaRecord
from streams.worker.agents.sinks.sink_connector import RecordReaders, SinkConnector

_read_result = msgspec.json.Decoder(ExperimentResult).decode


class ExperimentResultsConnector(SinkConnector[ResultChange]):
    """Feeds Redis from `experiment-results`."""

    name = "results"

    def readers(self) -> RecordReaders[ResultChange]:
        """See `SinkConnector`."""
        return {EXPERIMENT_RESULTS: result_of}


def result_of(record: KafkaRecord) -> ResultChange | None:
    """The change that a record of `experiment-results` makes; None for one that is not of Harmonia's making."""
    try:
        experiment_id = (record.key or b"").decode()
        result = None if record.value is None else _read_result(record.value)
    except (ValueError, RecursionError):  # no UTF-8, or no JSON of that shape
        return None
    if not 0 < len(experiment_id) <= MAX_ID or (result is not None and result["experiment"] != experiment_id):
        return None
    if result is None or record.value is None:
        return ResultChange(experiment_id)
    return ResultChange(experiment_id, record.value, orjson.dumps(summary_of(result)))
