"""docs/vendors.md says what the code does."""

import re
from pathlib import Path
from typing import get_args

from streams.domain.vendors.reconciling import OwnReason
from streams.platform.settings import Settings, variable_of
from streams.services.vendors.names import VendorName

PAGE = (Path(__file__).parents[3] / "docs" / "vendors.md").read_text()


def test_every_reason_is_explained() -> None:
    explained = {
        name for row in re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    }
    assert {*get_args(OwnReason)} <= explained


def test_every_vendor_and_its_settings_are_named() -> None:
    for vendor in get_args(VendorName):
        assert f"harmonia vendors sync {vendor}" in PAGE
        for setting in ("key", "url"):
            assert f"{vendor}_{setting}" in Settings.model_fields
            assert variable_of(f"{vendor}_{setting}") in PAGE
