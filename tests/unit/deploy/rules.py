"""The rules of deploy/prometheus, read."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy" / "prometheus"
RULES = sorted((FOLDER / "rules").glob("*.yml"))
RUNBOOKS = ROOT / "docs" / "runbooks"
_names = re.compile(r"\b(?:harmonia|process)_[a-z_]+|\bharmonia:[a-z0-9_:]+").findall


def rules() -> Iterator[Mapping[str, Any]]:
    """Every rule."""
    for file in RULES:
        for group in yaml.safe_load(file.read_text())["groups"]:
            yield from group["rules"]


def alerts() -> list[Mapping[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


def metrics_in(expression: str) -> set[str]:
    """The names of metrics in a query, recorded ones with their colons."""
    return set(_names(re.sub(r'"[^"]*"', "", expression)))
