"""Every vendor has its steps, every key of a hook its row, and the mapping that is shown is one."""

import re
from pathlib import Path

from events.adapters.mapping import parse_mapping
from streams.history.importing.file_items import VENDORS
from streams.services.gateway.hooks import HookTable

DOCS = Path(__file__).parents[3] / "docs"
PRODUCERS = (DOCS / "producers.md").read_text()
GATEWAY = (DOCS / "gateway.md").read_text()


def test_every_vendor_is_explained() -> None:
    for vendor in VENDORS:
        assert f"hooks/{vendor}`" in PRODUCERS or f"import {vendor} " in PRODUCERS, vendor


def test_every_key_of_a_hook_is_explained() -> None:
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", GATEWAY, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"\w+", row)} == set(HookTable.model_fields)


def test_the_mapping_that_is_shown_can_be_used() -> None:
    [shown] = re.findall(r"```toml\n(name = .*?)```", PRODUCERS, re.DOTALL)
    assert parse_mapping(shown).name == "phonebank"
