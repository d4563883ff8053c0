"""The AsyncAPI document is one by AsyncAPI's own schema, names every public topic, and its files are there."""

import gzip
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest

from events import asyncapi
from events.registry import MODELS
from events.schemas import all_schemas, export
from events.topics import INPUT_TOPICS, OUTPUT_TOPICS

SCHEMA = Path(__file__).parent / "data" / "asyncapi-3.0.0.schema.json.gz"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("schemas")
    export(folder)
    return orjson.loads((folder / asyncapi.FILE).read_bytes())


def test_the_asyncapi_document_is_valid(written: Any) -> None:
    judge = jsonschema_rs.Draft7Validator(orjson.loads(gzip.decompress(SCHEMA.read_bytes())))

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
