"""The registry of types, schemas and topics."""

import ast
import gzip
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import jsonschema_rs
import msgspec
import orjson
import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from events import asyncapi, topics
from events.experiment_results import ExperimentResult
from events.fields import Id
from events.interactions.base import InteractionData
from events.json_types import UNREADABLE
from events.producer_structs import data_struct_of
from events.registry import BY_NAME, MODELS, OUTREACH, RSVPS, SPECS, TOPICS_OF, TypeSpec, types_that
from events.schemas import all_schemas, export, render
from events.topics import INPUT_TOPICS, OUTPUT_TOPICS
from streams.demo.recount import OWN_ACTS
from streams.domain.messages.texts.sources import SOURCES
from streams.services.console.names import TYPES
from tests.unit.domain.experiments.example import CONTRACTS, doors, gotv, watched


def test_each_type_has_one_entry_with_a_model_of_its_own_and_topics_that_are_input() -> None:
    inputs = {topic.name for topic in INPUT_TOPICS}

    assert len(BY_NAME) == len(SPECS)
    assert len({spec.model for spec in SPECS}) == len(SPECS)
    assert all(spec.topics and spec.topics <= inputs for spec in SPECS)
    assert set().union(*TOPICS_OF.values()) == inputs


def test_the_fields_of_a_type_spec_agree_with_each_other() -> None:
    """A message that may wait would be a touch too late; what moves money or refuses is never held."""
    for spec in SPECS:
        speaks_of_a_message = spec.touch_channel or spec.cancels_touch or spec.engagement or spec.arrival
        assert spec.is_message or not speaks_of_a_message, spec.name
        assert not (spec.touch_channel and spec.cancels_touch), spec.name
        assert not spec.address_failed or spec.cancels_touch, spec.name
        is_urgent = spec.touch_channel or spec.cancels_touch or spec.money or spec.stop_reason or spec.is_command
        assert not (spec.can_wait and is_urgent), spec.name
        assert not (spec.is_bare and (spec.is_message or spec.money or spec.stop_reason)), spec.name
        assert spec.begins_record == "never" or spec.decides == "all", spec.name


def test_the_lists_that_the_contract_fixes_are_as_it_says() -> None:
    touches = {"email.sent": "email", "email.delivered": "email", "text.sent": "text", "text.delivered": "text"}
    for_a_week = {
        *(f"email.{word}" for word in "sent delivered opened clicked bounced deferred dropped".split()),
        *(f"text.{word}" for word in "sent delivered failed".split()),
    }

    assert {spec.name: spec.touch_channel for spec in SPECS if spec.touch_channel} == touches
    assert types_that(lambda spec: spec.cancels_touch) == {"email.bounced", "email.dropped", "text.failed"}
    assert types_that(lambda spec: spec.is_message) == for_a_week
    assert {*RSVPS} == {name for name in BY_NAME if name.startswith("rsvp.")}
    assert types_that(lambda spec: spec.begins_record != "never") == {
        "donation.made",
        "form.submitted",
        "consent.changed",
    }


def test_a_type_that_is_added_to_the_table_arrives_in_a_profile_and_in_the_lake() -> None:
    program = [sys.executable, "-m", "tests.unit.events.with_a_scratch_type"]

    done = subprocess.run(program, capture_output=True, text=True, check=True)

    assert json.loads(done.stdout) == {
        "refused": "unknown_type",
        "counts": {"pet.met": 1},
        "folder": ["2012-02-22", "pet.met"],
        "id": ["1"],
        "column": ["rex"],
        "erased": [None],
        "read_fast": True,
        "documented": True,
        "may_wait": True,
        "begins": True,
        "asked_for": True,
    }


ROOT = Path(__file__).parents[3]
STRUCTS = "events/producer_structs.py"
NAMES = "streams/services/console/names.py"
FRENCH = "streams/services/console/locale/fr/LC_MESSAGES"
FRENCH_NAMES = f"{FRENCH}/console.po"
RECORDS = "streams/domain/messages/texts/sources.py"
FRENCH_RECORDS = f"{FRENCH}/messages.po"
ORACLE = "streams/demo/recount.py"

WITHOUT_STRUCT = {"contact.erased_if_inactive", "contact.linked", "contact.unlinked", "interaction.retracted"}
LEFT_TO_THE_MODEL = {"starts_at", "until"}
"""Times, which may have to be rewritten."""


class PetMet(InteractionData):
    """Somebody's dog was there too."""

    pet_id: Id
    dogs: int | None = None


NEW = TypeSpec(name="pet.met", model=PetMet, topics=OUTREACH, is_own_act=True, is_bare=True)


def missing_places(specs: Iterable[TypeSpec]) -> list[str]:
    """A line for each place that does not know a type: its file, and what it lacks."""
    return [line for spec in specs for line in (*_unread(spec), *_unnamed(spec), *_without_records(spec), *_own(spec))]


def _unread(spec: TypeSpec) -> Iterator[str]:
    if spec.name in WITHOUT_STRUCT:
        return
    struct = data_struct_of(spec.model)
    known = set() if struct is None else {*struct.__struct_fields__}
    for field in sorted(spec.model.model_fields.keys() - known - LEFT_TO_THE_MODEL):
        yield f"{STRUCTS}: _FIELDS has no accepted values of the field {field} of {spec.name}"


def _unnamed(spec: TypeSpec) -> Iterator[str]:
    name = TYPES.get(spec.name)
    if name is None:
        yield f"{NAMES}: TYPES does not say what pages call {spec.name}"
    if not _is_french(name):
        yield f"{FRENCH_NAMES}: no French for that name of {spec.name}"


def _without_records(spec: TypeSpec) -> Iterator[str]:
    code = f"records_of.{spec.name}"
    records = SOURCES.get(code)
    if records is None:
        yield f"{RECORDS}: _RECORDS does not say what several {spec.name} are called"
    if not _is_french(records, code):
        yield f"{FRENCH_RECORDS}: no French for {code}"


def _own(spec: TypeSpec) -> Iterator[str]:
    if spec.is_own_act != (spec.name in OWN_ACTS):
        yield f"{ORACLE}: OWN_ACTS of the oracle and is_own_act of {spec.name} do not agree"


def _is_french(text: object, context: str | None = None) -> bool:
    """Whether some catalogue translates a text; names of one part of the console are in that part's own."""
    found = [each.get(text, context) for each in _catalogues()] if isinstance(text, str) else []
    return any(entry is not None and entry.string for entry in found)


@cache
def _catalogues() -> list[Catalog]:
    return [read_po(BytesIO(file.read_bytes()), locale="fr") for file in (ROOT / FRENCH).glob("*.po")]


def test_a_type_that_a_file_does_not_know_is_found_with_that_file() -> None:
    assert missing_places(SPECS) == []


def test_a_new_type_lacks_every_file_of_the_recipe() -> None:
    lacking = [line.partition(":")[0] for line in missing_places([NEW])]

    assert lacking == [STRUCTS, NAMES, FRENCH_NAMES, RECORDS, FRENCH_RECORDS, ORACLE]


def test_the_recipe_for_a_type_names_every_file_that_lacks_a_new_one() -> None:
    page = (ROOT / "docs/architecture.md").read_text()
    recipe = page.partition("**A type of interaction.**")[2].partition("\n\n**A sink.**")[0]

    named = ("events/interactions/", "events/registry.py", STRUCTS, NAMES, RECORDS, ORACLE)
    assert [file for file in (*named, "console.po", "messages.po", "CHANGELOG.md") if f"`{file}`" not in recipe] == []
    assert all((ROOT / file).exists() for file in named)


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


TOO_NARROW = {"DecodeError", "MsgspecError"}


@pytest.mark.parametrize("text", [b"", b"[", b'{"\xff":1}', b'{"a":"\xed\xa0\x80"}', b'{"\\ud800":1}', b"[" * 100_000])
def test_every_text_that_is_no_json_raises_what_is_caught(text: bytes) -> None:
    with pytest.raises(UNREADABLE):
        msgspec.json.decode(text, type=dict[str, str] | list[object])


def narrow_handlers(file: Path) -> Iterator[str]:
    text = file.read_text()
    for node in ast.walk(ast.parse(text)) if any(name in text for name in TOO_NARROW) else ():
        if isinstance(node, ast.ExceptHandler) and node.type is not None:
            caught = {each.attr for each in ast.walk(node.type) if isinstance(each, ast.Attribute)}
            if caught & TOO_NARROW:
                yield f"{file.relative_to(ROOT)}:{node.lineno}"


def test_no_module_takes_errors_of_msgspec_for_all_that_bytes_can_raise() -> None:
    """msgspec raises UnicodeDecodeError for a text that is no UTF-8, which is none of its own errors."""
    files = [file for room in ("events", "sinks", "streams") for file in (ROOT / room).rglob("*.py")]
    assert [line for file in files for line in narrow_handlers(file)] == []


TOPICS = {topic.name: topic for topic in topics.ALL}


COMPACTED = """contact-state contact-links contact-suppressions experiment-results experiment-definitions
segment-definitions contact-segments segment-counts campaign-holds rights-requests deliveries""".split()
DELETED = """interactions contact-alerts system-alerts segment-changes audit-log campaign-transparency delivery-log
dead-deliveries dead-letters""".split()


def test_the_topics_are_those_of_the_contract() -> None:
    inputs = {"email-events", "donation-events", "canvass-events", "outreach-events", "contact-commands"}
    assert {topic.name for topic in topics.INPUT_TOPICS} == inputs
    kept = dict.fromkeys(COMPACTED, "compact") | dict.fromkeys(DELETED, "delete")
    assert {topic.name: topic.cleanup for topic in topics.OUTPUT_TOPICS} == kept


def test_the_topics_between_the_agents_are_compacted_but_for_counts() -> None:
    sums = {"campaign-counts", "experiment-partials"}
    assert {topic.name for topic in topics.INTERNAL_TOPICS if topic.cleanup == "delete"} == sums
    in_one_partition = {topic.name for topic in topics.INTERNAL_TOPICS if topic.partitions == 1}
    assert in_one_partition == {"identity-links", *sums}
    assert TOPICS["contact-fragments"].max_message_bytes == TOPICS["contact-state"].max_message_bytes


def test_the_topics_of_the_clinic_keep_what_they_are_told() -> None:
    assert {topic.name: (topic.cleanup, topic.partitions) for topic in topics.CLINIC_TOPICS} == {
        "dead-letters-requeued": ("compact", 1),
        "quarantine": ("delete", None),
        "source-quarantines": ("compact", 1),
    }
    assert TOPICS["quarantine"].max_message_bytes == TOPICS["dead-letters"].max_message_bytes
    assert TOPICS["quarantine"].retention_ms == TOPICS["dead-letters"].retention_ms


def test_the_brokers_clock_stamps_every_record() -> None:
    """Else a worker whose clock is an hour ahead could write nothing."""
    assert {topic.config()["message.timestamp.type"] for topic in topics.ALL} == {"LogAppendTime"}


def test_what_is_written_about_a_record_has_room_for_it_and_more() -> None:
    largest = max(topic.max_message_bytes for topic in topics.INPUT_TOPICS)
    assert TOPICS["interactions"].max_message_bytes > largest
    assert TOPICS["dead-letters"].max_message_bytes > largest


def test_a_compacted_topic_keeps_its_null_records_for_a_week() -> None:
    assert TOPICS["contact-state"].config() == {
        "cleanup.policy": "compact",
        "max.message.bytes": "8388608",
        "message.timestamp.type": "LogAppendTime",
        "segment.ms": "86400000",
        "delete.retention.ms": "604800000",
        "min.compaction.lag.ms": "0",
        "max.compaction.lag.ms": "259200000",
    }


def test_what_was_erased_is_forgotten_within_days_by_every_compacted_topic() -> None:
    day = 86_400_000
    for topic in topics.ALL:
        if topic.cleanup == "compact":
            config = {name: int(value) for name, value in topic.config().items() if name.endswith(".ms")}
            assert config["segment.ms"] + config["max.compaction.lag.ms"] <= 4 * day
            assert config["min.compaction.lag.ms"] < config["max.compaction.lag.ms"]


def test_a_reader_that_is_a_day_late_still_hears_of_each_erasure() -> None:
    for name in ("identity-links", "contact-roofs"):
        assert TOPICS[name].config()["min.compaction.lag.ms"] == "86400000"


def test_a_deleted_topic_says_how_long_it_keeps() -> None:
    assert TOPICS["email-events"].config()["retention.ms"] == "604800000"
    assert TOPICS["interactions"].config()["retention.ms"] == "2592000000"
    assert TOPICS["dead-letters"].config()["retention.ms"] == "7776000000"


def test_every_type_is_taken_on_its_topic_and_three_on_all_four() -> None:
    anywhere = {"experiment.assigned", "consent.changed", "interaction.retracted", "provenance.reported"}
    assert {type_ for type_, names in TOPICS_OF.items() if len(names) > 1} == anywhere
    assert all(
        TOPICS_OF[type_] == {"email-events", "donation-events", "canvass-events", "outreach-events"}
        for type_ in anywhere
    )


def test_only_a_few_topics_have_a_number_of_partitions_of_their_own() -> None:
    assert [topic.name for topic in topics.ALL if topic.partitions is not None] == [
        *("campaign-holds", "campaign-transparency", "rights-requests"),
        *("deliveries", "delivery-log", "dead-deliveries"),
        *("identity-links", "campaign-counts", "experiment-partials"),
        *("dead-letters-requeued", "source-quarantines"),
    ]


def test_what_is_written_again_and_again_is_compacted_soon() -> None:
    few = {"segment.bytes": "67108864", "min.cleanable.dirty.ratio": "0.1"}
    assert {topic.name for topic in topics.ALL if few.items() <= topic.config().items()} == {"deliveries"}
