from pathlib import Path
from typing import Any, cast

import jsonschema_rs
import pytest

from events import asyncapi
from events.experiment_results import ExperimentResult
from events.registry import MODELS
from events.schemas import all_schemas, export, render
from tests.unit.domain.experiments.example import CONTRACTS, doors, gotv, watched

COMMITTED = Path(__file__).parents[3] / "docs" / "schemas"


def test_the_committed_schemas_are_those_of_the_code() -> None:
    committed = {path.name: path.read_bytes() for path in COMMITTED.iterdir()}
    meant = all_schemas() | {asyncapi.FILE: asyncapi.document()}
    assert committed == {name: render(schema) for name, schema in meant.items()}, "run `make schemas`"


def test_each_type_and_each_output_has_a_schema() -> None:
    outputs = {
        *("interactions.json", "contact-state.json", "contact-links.json", "contact-suppressions.json"),
        *("contact-alerts.json", "system-alerts.json", "experiment-results.json"),
        "experiment-definitions.json",
        *("segment-definitions.json", "contact-segments.json", "segment-changes.json", "segment-counts.json"),
        *("campaign-holds.json", "campaign-transparency.json", "rights-requests.json", "audit-log.json"),
        *("deliveries.json", "delivery-log.json", "dead-deliveries.json"),
    }
    assert all_schemas().keys() == {f"{type_}.json" for type_ in MODELS} | outputs


def test_an_export_makes_its_directory_and_writes_them_all(tmp_path: Path) -> None:
    written = export(tmp_path / "new" / "schemas")
    assert {path.name for path in written} == all_schemas().keys() | {asyncapi.FILE}
    assert all(path.read_bytes().endswith(b"}\n") for path in written)


@pytest.mark.parametrize("result", [CONTRACTS, gotv(), doors(), watched(gotv())], ids=lambda each: each["experiment"])
def test_results_of_experiments_are_what_their_schema_says(result: ExperimentResult) -> None:
    schema = all_schemas()["experiment-results.json"]

    jsonschema_rs.Draft202012Validator(cast(Any, schema)).validate(result)
    assert CONTRACTS.keys() == {*cast(Any, schema)["required"]}
