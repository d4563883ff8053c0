"""Whoever gave a wrong field reads what would be right, never the words of the library that found it."""

from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from events.adapters import van
from events.adapters.mapping import InvalidMapping, parse_mapping
from events.error_messages import explain
from events.registry import MODELS
from events.validation_messages import in_plain_words
from streams.domain.dead_letter_repair.mapping import read_mapping
from streams.domain.experiments.definition_files import read_definitions
from streams.domain.pressure.policy_files import read_policy
from streams.platform.errors import Unusable
from streams.platform.settings import Settings
from streams.services.gateway.hooks import read_hooks

LIBRARYS_OWN = ("value error", "extra inputs", "field required", "should be", "should have", "should match", "input ")
WRONG: list[Any] = [
    None,
    "",
    "x" * 9_000,
    "x\u0000",
    -1,
    0,
    10**20,
    1.5,
    True,
    [],
    ["a", "a"],
    ["x"] * 200,
    {},
    {"x": 1},
]


def in_our_words(said: str) -> bool:
    return not any(words in said.lower() for words in LIBRARYS_OWN)


@pytest.mark.parametrize("type_", MODELS)
def test_each_field_of_each_type_is_refused_in_our_words(type_: str) -> None:
    model: type[BaseModel] = MODELS[type_]
    said = set()
    for name in model.model_fields:
        for value in WRONG:
            try:
                model.model_validate({"contact": {"contact_id": "c"}, name: value})
            except ValidationError as error:
                said.add(explain(error))
                said.update(in_plain_words(each) for each in error.errors(include_url=False))
    assert [each for each in said if not in_our_words(each)] == []


def test_a_pattern_mistake_names_the_form_that_is_expected() -> None:
    def found(type_: Any, value: object) -> ErrorDetails:
        with pytest.raises(ValidationError) as error:
            TypeAdapter(type_).validate_python(value, strict=True)
        return error.value.errors()[0]

    assert in_plain_words(found(int, "5")) == "give a whole number"
    assert in_plain_words(found(bool, 1)) == "give true or false"
    model = MODELS["donation.made"]
    with pytest.raises(ValidationError) as error:
        model.model_validate({"contact": {}, "donation_id": "a:1", "amount": 0, "currency": "USD"})
    assert explain(error.value) == "data.amount: give more than 0"


def hooks_of(text: str) -> object:
    with NamedTemporaryFile("w") as file:
        file.write(text)
        file.flush()
        return read_hooks(Path(file.name), {})


FILES: dict[Callable[[str], object], str] = {
    hooks_of: '[hooks.a]\nsource = ""\nvendor = 5\ntime_zone = "x"\nsecrt = 1\nwindow_hours = 99',
    lambda text: van.read_codes({"contact_types": {"2": text}, "reslts": {}}): "by foot",
    parse_mapping: 'name = "A B"\nextra = 1\n[[interactions]]\ntype = 5',
    read_policy: 'x = 1\n[caps]\nemail = "many"',
    read_mapping: 'x = 1\nrename = "y"\n[cast]\na = "b"',
    read_definitions: '[[experiments]]\nid = 5\nx = 1\nvariants = "A"',
}


@pytest.mark.parametrize("read", FILES, ids=["gateway", "codes", "mapping", "policy", "clinic", "experiments"])
def test_a_file_with_mistakes_is_refused_in_our_words(read: Callable[[str], object]) -> None:
    try:
        said = str(read(FILES[read]))
    except (Unusable, van.InvalidCodes, InvalidMapping) as error:
        said = str(error)
    assert said.strip()
    assert in_our_words(said), said


def patterns_in(schema: object) -> set[str]:
    if isinstance(schema, list):
        return set().union(*map(patterns_in, schema))
    if not isinstance(schema, dict):
        return set()
    own = {schema["pattern"]} if isinstance(schema.get("pattern"), str) else set()
    return own.union(*map(patterns_in, schema.values()))


def test_the_form_of_every_field_of_events_and_settings_is_told_in_words_with_an_example() -> None:
    schemas = [*(model.model_json_schema() for model in MODELS.values()), Settings.model_json_schema()]
    for pattern in patterns_in(schemas):
        adapter = TypeAdapter(Annotated[str, Field(pattern=pattern)])
        with pytest.raises(ValidationError) as wrong:
            adapter.validate_python("\n")
        [mistake] = wrong.value.errors()
        told = in_plain_words(mistake)
        assert "^" not in told, pattern
        assert told.startswith("give "), pattern
        if "such as " in told:
            example = told.rpartition("such as ")[2]
            adapter.validate_python(example.partition(", ")[0].replace(": and 32 digits of 0-9a-f", ":" + "0" * 32))
