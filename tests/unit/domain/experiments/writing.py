"""Definitions as tests write them."""

from typing import Any

import orjson

from events.experiments import ExperimentDefinition


def defined(id_: str = "ask", **fields: Any) -> ExperimentDefinition:
    """One with two halves, and these fields."""
    said = {"id": id_, "variants": {"short": 1, "long": 1}, **fields}
    return ExperimentDefinition.model_validate_json(orjson.dumps(said))
