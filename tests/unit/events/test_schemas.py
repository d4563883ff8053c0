import gzip
from pathlib import Path
from typing import Any, cast

import jsonschema_rs
import orjson
import pytest

from events import asyncapi
from events.experiment_results import ExperimentResult
from events.registry import MODELS
from events.schemas import all_schemas, export, render
from events.topics import INPUT_TOPICS, OUTPUT_TOPICS
from tests.unit.domain.experiments.example import CONTRACTS, doors, gotv, watched

ASYNCAPIS_OWN = Path(__file__).parent / "data" / "asyncapi-3.0.0.schema.json.gz"
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


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("new") / "schemas"
    written = export(folder)
    assert {path.name for path in written} == all_schemas().keys() | {asyncapi.FILE}
    return orjson.loads((folder / asyncapi.FILE).read_bytes())


def test_the_asyncapi_document_is_valid(written: Any) -> None:
    judge = jsonschema_rs.Draft7Validator(orjson.loads(gzip.decompress(ASYNCAPIS_OWN.read_bytes())))

    judge.validate(written)
    assert not judge.is_valid(written | {"channels": {"email-events": {"addres": 1}}})


def test_every_public_topic_and_type_is_in_the_asyncapi_document(written: Any) -> None:
    assert set(written["channels"]) == {topic.name for topic in (*INPUT_TOPICS, *OUTPUT_TOPICS)}
    named = {name for topic in INPUT_TOPICS for name in written["channels"][topic.name]["messages"]}
    assert named == set(MODELS)


def test_every_file_that_the_asyncapi_document_refers_to_exists(written: Any) -> None:
    messages = written["components"]["messages"]
    files = {one["payload"]["$ref"] for one in messages.values() if "$ref" in one["payload"]}
    used = {ref["$ref"] for channel in written["channels"].values() for ref in channel["messages"].values()}

    assert {file.removeprefix("./") for file in files} <= set(all_schemas())
    assert {ref.rpartition("/")[2] for ref in used} == set(messages)


@pytest.mark.parametrize("result", [CONTRACTS, gotv(), doors(), watched(gotv())], ids=lambda each: each["experiment"])
def test_results_of_experiments_are_what_their_schema_says(result: ExperimentResult) -> None:
    schema = all_schemas()["experiment-results.json"]

    jsonschema_rs.Draft202012Validator(cast(Any, schema)).validate(result)
    assert CONTRACTS.keys() == {*cast(Any, schema)["required"]}
