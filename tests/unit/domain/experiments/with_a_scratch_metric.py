"""A program of its own: Harmonia with one metric more in its registry, and an experiment that is judged by it.

It is defined, people are counted by it, the sums are stored and read again, judged and shown, by the code of those
parts as it stands: nothing but the registry knows of the metric. What became of it is put out as JSON.
"""

import json
import sys
from collections.abc import Iterator

from tests.unit.domain.experiments import scratch_metric

scratch_metric.add()

import orjson  # noqa: E402 - whatever reads the registry when it begins comes after the metric is in it

from events.experiment_results import ExperimentResult  # noqa: E402
from events.experiments import ExperimentDefinition  # noqa: E402
from events.reference import with_metrics  # noqa: E402
from events.schemas import all_schemas  # noqa: E402
from streams.domain.contact.contribution import Contribution  # noqa: E402
from streams.domain.contact.packed_contribution import NOTHING, packed  # noqa: E402
from streams.domain.experiments.analysis_plan import plan_of  # noqa: E402
from streams.domain.experiments.definition_files import read_definitions  # noqa: E402
from streams.domain.experiments.definition_records import definition_record  # noqa: E402
from streams.domain.experiments.delta_columns import DeltaColumns  # noqa: E402
from streams.domain.experiments.delta_rows import add_up, by_experiment  # noqa: E402
from streams.domain.experiments.evaluation import EvaluationCase, evaluate  # noqa: E402
from streams.domain.experiments.experiment_table import Experiment, decode, encode  # noqa: E402
from streams.domain.experiments.lifecycle import shown_totals, with_differences  # noqa: E402
from streams.domain.experiments.partials import PartialCounts, read_partial  # noqa: E402
from streams.domain.experiments.report.pages import page  # noqa: E402
from streams.domain.experiments.result_documents import guardrails_of, result_of  # noqa: E402
from streams.domain.file_mistakes import FileMistakes  # noqa: E402
from tests.unit.altered import ROOT  # noqa: E402
from tests.unit.domain.contact.said import NOON, SECOND, folded, said  # noqa: E402
from tests.unit.domain.experiments.people import assigned, given_by  # noqa: E402

FILE = '[[experiment]]\nid = "x"\nvariants = { A = 1, B = 1 }\nmetrics = ["joined"]\n'
PEOPLE = 400
"""Of each variant, of whom one in ten submits a form, and nearly all of B."""


def defined() -> ExperimentDefinition:
    """The experiment as a file says it."""
    found = read_definitions(FILE)
    if isinstance(found, FileMistakes):
        raise TypeError(str(found))
    return found[0]


def people() -> Iterator[Contribution]:
    """What everybody adds to the experiment, each by an assignment and perhaps a form."""
    form = said("form.submitted", "form", NOON + SECOND, form_id="f")
    for variant in "AB":
        for number in range(PEOPLE):
            joins = number % 10 == 0 if variant == "A" else number % 10 != 0
            yield from given_by(folded(assigned(variant), *([form] if joins else [])))


def stored() -> Experiment:
    """The sums, written by those who count and by those who add up, and read again."""
    columns = DeltaColumns()
    for each in people():
        columns.replace(NOTHING, packed([each]))
    counted = [read for record in columns.records() if isinstance(read := read_partial(bytes(record)), PartialCounts)]
    kept = decode(encode(with_differences(Experiment(), by_experiment(add_up(counted)[0])["x"])))
    if not isinstance(kept, Experiment):
        raise TypeError(kept)
    return kept


def result(definition: ExperimentDefinition) -> ExperimentResult:
    """What is published of it, as it is read again."""
    plan = plan_of("x", definition_record(definition)[1])
    found = evaluate([EvaluationCase("x", plan, shown_totals(stored()))])
    looked = found.looked[0]
    watched = guardrails_of(plan, looked, found)
    made = result_of("x", plan, looked, found, watched, as_of="2012-03-08T12:00:00.000Z", status="running")
    read: ExperimentResult = orjson.loads(orjson.dumps(made))
    return read


def main() -> None:
    """Define, count, store, judge and show."""
    definition = defined()
    published = result(definition)
    [compared] = published["comparisons"]
    [part] = [each for each in page(published).parts if each.title.startswith("joined")]
    docs = with_metrics((ROOT / "docs" / "experiments-counting.md").read_text())
    json.dump(
        {
            "defined": definition.metrics,
            "sums": {name: each["metrics"]["joined"]["sum"] for name, each in published["variants"].items()},
            "compared": [compared["metric"], compared["low"] > 0],
            "title": part.title,
            "words": [row[-1] for row in part.rows],
            "in_schema": '"joined"' in json.dumps(all_schemas()["experiment-definitions.json"]),
            "documented": "| `joined` | `form.submitted` |\n" in docs,
        },
        sys.stdout,
    )


main()
