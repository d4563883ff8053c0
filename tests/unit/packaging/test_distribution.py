"""The three packages have plain names, so another distribution could bring the same."""

import importlib
from importlib.metadata import distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
OURS = ("events", "sinks", "streams")


@pytest.mark.parametrize("name", OURS)
def test_each_package_is_ours(name: str) -> None:
    package = importlib.import_module(name)
    assert package.__file__
    assert Path(package.__file__) == ROOT / name / "__init__.py"


def test_no_other_distribution_brings_a_package_of_our_names() -> None:
    clashes = [
        f"{distribution.name}: {file}"
        for distribution in distributions()
        if distribution.name != "harmonia"
        for file in distribution.files or ()
        if file.parts[0].removesuffix(".py") in OURS
    ]
    assert clashes == []
