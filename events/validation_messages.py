"""Turns mistakes that pydantic finds into plain words: the cure, without the value."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic_core import ErrorDetails

_SAID: Mapping[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "is not known; correct its name or take it out",
    "string_type": "give a text",
    "int_type": "give a whole number",
    "int_parsing": "give a whole number",
    "int_from_float": "give a whole number",
    "int_parsing_size": "give a smaller number",
    "float_type": "give a number",
    "float_parsing": "give a number",
    "finite_number": "give a number that is finite",
    "bool_type": "give true or false",
    "bool_parsing": "give true or false",
    "list_type": "give a list",
    "tuple_type": "give a list",
    "dict_type": "give an object",
    "model_type": "give an object",
    "model_attributes_type": "give an object",
    "path_type": "give a path",
    "literal_error": "give {expected}",
    "greater_than": "give more than {gt}",
    "greater_than_equal": "give {ge} or more",
    "less_than": "give less than {lt}",
    "less_than_equal": "give {le} or less",
    "string_too_short": "give at least {min_length} characters",
    "string_too_long": "give at most {max_length} characters",
    "string_pattern_mismatch": "give a text of the form {pattern}",
    "string_unicode": "give text in UTF-8",
    "too_short": "give at least {min_length}",
    "too_long": "give at most {max_length}",
}
_subject = re.compile(r"^(Value error, |(Input|String|List|Dictionary|Value|Field) should (be|have) )")


def in_plain_words(details: ErrorDetails | Mapping[str, Any]) -> str:
    """The cure of one mistake; our own validators' words as they are. No value is repeated."""
    context: Mapping[str, Any] = details.get("ctx") or {}
    kind = details["type"]
    if kind in ("string_too_short", "too_short") and context.get("min_length") == 1:
        return "give at least one" if kind == "too_short" else "is empty; give at least one character"
    said = _SAID.get(kind)
    if said is None:
        return _subject.sub("", str(details["msg"]))
    try:
        return said.format_map(context)
    except KeyError:
        return _subject.sub("", str(details["msg"]))
