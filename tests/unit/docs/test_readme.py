"""The README says what the code says."""

import re
from pathlib import Path

from streams.settings import Settings

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text()
SETTING = re.compile(r"^\| `([A-Z_]+)` \| (.+?) \| (.+) \|$", re.MULTILINE)


def test_the_table_of_settings_is_that_of_the_code() -> None:
    said = {name: (default, what) for name, default, what in SETTING.findall(README)}
    meant = {}
    for field, info in Settings.model_fields.items():
        name = str(info.validation_alias or f"HARMONIA_{field.upper()}")
        default = "none" if str(info.default) in ("None", "") else f"`{info.default}`"
        meant[name] = ("a local one" if field == "identity_key" else default, info.description)
    assert said == meant


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
