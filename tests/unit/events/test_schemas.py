"""Schemas and the table of types: whole, derived from one place, and followed by every file."""

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
import orjson
import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from events import asyncapi
from events.dead_letters import DeadLetter, Origin, dead_letter_headers
from events.experiment_results import ExperimentResult
from events.fields import Id
from events.interactions.base import InteractionData
from events.producer_structs import data_struct_of
from events.refusal import Reason, Refusal
from events.registry import BY_NAME, MODELS, OUTREACH, RSVPS, SPECS, TOPICS_OF, TypeSpec, types_that
from events.schemas import all_schemas, export, render
from events.topics import INPUT_TOPICS, OUTPUT_TOPICS
from streams.demo.recount import OWN_ACTS
from streams.domain.messages.texts.sources import SOURCES
from streams.services.console.names import TYPES
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


# The table of types is whole, and all that is known of a type is derived from it.
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


REFUSAL = Refusal(Reason.NO_TIME, "time: give one – with an offset")
ORIGIN = Origin("intake", "email-events", 3, 42)
OWN: list[tuple[str, bytes | None]] = [("trace", b"\xff"), ("empty", None), ("trace", b"2")]


def test_the_records_own_headers_come_first_and_unchanged() -> None:
    assert dead_letter_headers(OWN, REFUSAL, ORIGIN, 1_329_868_800_000) == [
        *OWN,
        ("dl_reason", b"no_time"),
        ("dl_detail", "time: give one – with an offset".encode()),
        ("dl_stage", b"intake"),
        ("dl_topic", b"email-events"),
        ("dl_partition", b"3"),
        ("dl_offset", b"42"),
        ("dl_time", b"2012-02-22T00:00:00.000Z"),
        ("dl_record_time", b"2012-02-22T00:00:00.000Z"),
    ]


def test_a_dead_letter_is_read_from_its_headers() -> None:
    letter = DeadLetter.of(dead_letter_headers(OWN, REFUSAL, ORIGIN, 5))
    assert letter == DeadLetter(REFUSAL, ORIGIN, 5, record_time=5)


def test_of_a_record_refused_twice_the_latest_refusal_is_read() -> None:
    once = dead_letter_headers(OWN, REFUSAL, ORIGIN, 5)
    again = dead_letter_headers(once, Refusal(Reason.NOT_JSON, "value"), Origin("intake", "t", 0, 1), 6)
    assert DeadLetter.of(again) == DeadLetter(
        Refusal(Reason.NOT_JSON, "value"), Origin("intake", "t", 0, 1), 6, record_time=5
    )


def test_other_headers_are_no_dead_letters() -> None:
    right = dict(dead_letter_headers((), REFUSAL, ORIGIN, 5))
    assert DeadLetter.of(()) is None
    for name, wrong in (("dl_reason", b"bored"), ("dl_offset", b"x"), ("dl_time", b"now"), ("dl_partition", None)):
        assert DeadLetter.of(list((right | {name: wrong}).items())) is None
        assert DeadLetter.of([header for header in right.items() if header[0] != name]) is None


# Each type of interaction stands in every file that has to know of it, and the recipe names them all.
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
