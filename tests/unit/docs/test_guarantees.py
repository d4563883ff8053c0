"""Every test that the guarantees name is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
GUARANTEES = (ROOT / "docs" / "guarantees.md").read_text()


def test_every_test_that_is_named_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", GUARANTEES))
    there = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^ *(?:async )?def (test_\w+)", file.read_text(), re.MULTILINE)
    }
    assert named - there == set()
    assert len(named) > 40


def test_every_fault_of_the_chaos_suite_is_in_it() -> None:
    chaos = (file.read_text() for file in (ROOT / "tests" / "chaos").glob("test_*.py"))
    there = {name for text in chaos for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)}
    assert there - set(re.findall(r"`(test_\w+)`", GUARANTEES)) == set()
