"""The pages on regimes show what the registry has, in both languages."""

import re
from pathlib import Path

import pytest

from events.regimes import REGIMES

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("page", ["regimes.md", "fr/regimes.md"])
def test_the_defaults_that_are_shown_are_those_of_the_registry(page: str) -> None:
    rows = re.findall(r"^\| [^|]+ \| `([^`]+)` \| `([^`]+)` \| `([^`]+)` \|", (DOCS / page).read_text(), re.MULTILINE)
    header, *shown = rows
    assert header == tuple(REGIMES)
    assert shown == [tuple(map(str, row)) for row in zip(*REGIMES.values(), strict=True)]
