"""`docs/settings.md` is what the models of settings make of it, and leaves out no setting."""

from collections import Counter
from pathlib import Path

import pytest

from streams.platform.settings import Settings, variable_of
from streams.platform.settings_reference import SECTIONS, settings_page

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"


def test_the_page_is_made_of_the_models() -> None:
    assert PAGE.read_text() == settings_page() + "\n", "run `make schemas`"


def test_every_setting_is_in_exactly_one_section() -> None:
    shown = Counter(name for section in SECTIONS for name in section.fields)
    assert shown == Counter([*Settings.model_fields])


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_page_has_a_row_of_four_cells_with_the_meaning_of_each_setting(name: str) -> None:
    rows = [line for line in settings_page().splitlines() if line.startswith(f"| `{variable_of(name)}` |")]
    assert len(rows) == 1
    cells = rows[0].replace(r"\|", "").strip("|").split(" | ")
    assert len(cells) == 4
    assert cells[3].strip() == Settings.model_fields[name].description


@pytest.mark.parametrize(
    ("name", "type_and_default"),
    [
        ("partitions", "| whole number, 1 to 1,024 | `8` |"),
        ("quarantine_share", "| number, above 0, up to 1 | `0.5` |"),
        ("lake", "| text | none |"),
        ("state_dir", "| path | `.harmonia/state` |"),
        ("gmail_aliases", "| `True` or `False` | `False` |"),
        ("kafka_password", "| secret | none |"),
        ("identity_key", "| secret | a local one |"),
        ("redis_url", r"| text, `^(redis\|rediss\|unix)://` | `redis://127.0.0.1:6379/0` |"),
    ],
)
def test_types_limits_and_defaults_are_those_of_the_model(name: str, type_and_default: str) -> None:
    assert f"| `{variable_of(name)}` {type_and_default}" in settings_page()
