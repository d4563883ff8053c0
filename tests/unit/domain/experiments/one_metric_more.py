"""Adds up experiments as a version of Harmonia does that knows one metric more: a program of its own, see the tests.

On its input is a JSON object: `kept`, the experiment as another version stored it, and `told`, records of differences;
both in hexadecimal. It puts out the experiment with those added, differences of its own of the metric that is new, and
what it finds of each metric.
"""

import json
import sys

from tests.unit.domain.experiments import scratch_metric

scratch_metric.add()

from streams.domain.contact.contribution import Contribution  # noqa: E402
from streams.domain.contact.packed_contribution import NOTHING, packed  # noqa: E402
from streams.domain.experiments.analysis_plan import plan_of  # noqa: E402
from streams.domain.experiments.delta_columns import DeltaColumns  # noqa: E402
from streams.domain.experiments.delta_rows import add_up, by_experiment  # noqa: E402 - they count the metrics when they begin
from streams.domain.experiments.evaluation import EvaluationCase, evaluate  # noqa: E402
from streams.domain.experiments.experiment_table import Experiment, decode, encode  # noqa: E402
from streams.domain.experiments.lifecycle import shown_totals, with_differences  # noqa: E402
from streams.domain.experiments.partials import PartialCounts, read_partial  # noqa: E402
from streams.domain.experiments.row_layout import KNOWN  # noqa: E402

DAY = 20_000
"""On which its own people were assigned."""


def main() -> None:
    """Read, add up, and tell."""
    said = json.load(sys.stdin)
    kept = decode(bytes.fromhex(said["kept"]))
    if not isinstance(kept, Experiment):
        raise TypeError(said["kept"])
    records = [read for text in said["told"] if isinstance(read := read_partial(bytes.fromhex(text)), PartialCounts)]
    found, strange = add_up(records)
    after = with_differences(kept, by_experiment(found)["x"])
    columns = DeltaColumns()
    for group in (-1, 5):
        person = Contribution("x", "A", DAY, group=group, values=((3, 1, 0, 1), (KNOWN - 1, 7, 2, 7)))
        columns.replace(NOTHING, packed([person]))
    result = evaluate([EvaluationCase("x", plan_of("x", None), shown_totals(after), after.peaks)])
    json.dump(
        {
            "kept": encode(after).hex(),
            "told": [bytes(record).hex() for record in columns.records()],
            "strange": strange,
            "assigned": result.assigned,
            "sums": result.sums,
            "peaks": [peaks.hex() for peaks in result.peaks],
        },
        sys.stdout,
    )


main()
