"""Whoever follows the page on segments gets what it says: ten that can be copied, every condition, every mistake."""

import re
from pathlib import Path

from streams.domain.file_mistakes import FileMistakes
from streams.domain.pressure import default_policy
from streams.domain.pressure.closures import channel_rules
from streams.domain.segments.conditions import KINDS, NOT_KEPT
from streams.domain.segments.definition_files import read_segments
from streams.domain.segments.resolution import MOST_CONDITIONS, resolve

PAGE = (Path(__file__).parents[3] / "docs" / "segments.md").read_text()


def test_the_ten_segments_that_are_shown_can_be_copied() -> None:
    [text] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    found = read_segments(text)
    assert not isinstance(found, FileMistakes), str(found)
    resolution = resolve(found, channel_rules(default_policy()))
    assert len(resolution.segments) == 10
    assert resolution.mistakes == ()


def test_every_condition_has_its_row_and_no_other_has() -> None:
    table = PAGE.partition("| condition |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (.*?) \|", table, re.MULTILINE)[1:]
    named = {head for row in rows for head in re.findall(r"`(\w+) = ", row) if head in KINDS}
    assert named == {*KINDS}
    assert all(f"`{head}`" in PAGE for head in NOT_KEPT)
    assert f"each with {MOST_CONDITIONS} conditions" in PAGE


def test_the_mistakes_that_are_shown_are_told_so() -> None:
    text = """
    [[segment]]
    id = "s"
    all = [
        { gifts = "count", at_leest = 1 },
        { touches = "count", within = "90d", at_least = 1 },
        { form = "petition" },
    ]
    """
    found = read_segments(text)
    assert isinstance(found, FileMistakes)
    assert f"```\n{found}\n```" in PAGE
