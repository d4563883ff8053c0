"""The page of types and fields says what the models say, of every type and every field."""

import re
from pathlib import Path

from events.reference import page
from events.registry import MODELS

PAGE = (Path(__file__).parents[3] / "docs" / "events.md").read_text()


def test_the_page_is_that_of_the_models() -> None:
    assert page() == PAGE, "run `make schemas`"


def test_every_field_of_every_type_is_in_its_table() -> None:
    parts = re.split(r"^### `([a-z_.]+)`$", PAGE, flags=re.MULTILINE)
    told = {
        type_: set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
        for type_, text in zip(parts[1::2], parts[2::2], strict=True)
    }
    common = {"contact", "team", "campaign_id", "universe", "turf"}
    assert told == {type_: set(model.model_fields) - common for type_, model in MODELS.items()}
    assert common <= set(re.findall(r"^\| `(\w+)` \|", parts[0], re.MULTILINE))
