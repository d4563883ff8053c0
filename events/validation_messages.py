"""Turns mistakes that pydantic finds into plain words: the cure, without the value."""

import re
from collections.abc import Mapping
from typing import Any, get_args

from pydantic_core import ErrorDetails

from events.console_acts import CONSOLE_ACTS
from events.provenance_kinds import AGE_BAND_PATTERN, ProvenanceKind

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
_FORMS: Mapping[str, str] = {
    r"^[A-Za-z0-9_.:-]{1,64}$": "1 to 64 letters, digits or _ . : -, such as ada-1",
    r"^[A-Za-z0-9_.:/#-]{1,128}$": "1 to 128 letters, digits or _ . : / # -, such as form-7/v3",
    r"^\s*[A-Za-z]{2}\s*:.*\S": "two letters of the state, a colon and the id, such as NY:1234567",
    r"^[A-Z]{2}-[A-Z0-9]{1,3}$": "ISO 3166-2 in capitals, such as US-AZ",
    r"^(voter|external|email|phone):[0-9a-f]{32}$": "a hash of an identifier, such as email: and 32 digits of 0-9a-f",
    r"^[A-Z]{3}$": "three capital letters of ISO 4217, such as USD",
    AGE_BAND_PATTERN: "years from and to, or from and +, such as 25-34",
    r"^[^:]+:.+$": "the system, a colon and its id, such as actblue:AB123",
    r"^[^\x00-\x1f]+$": "without line breaks and other control characters, such as van",
    r"^\d+$": "digits alone, such as 123",
    r"^[a-z0-9][a-z0-9_.-]{0,63}$": "up to 64 small letters, digits or _ . -, such as mail",
    r"^(env|file):.+$": "env: and a variable, or file: and a path, such as env:MAILGUN_KEY",
    r"^[12]\d{3}-": "RFC 3339 with an offset, such as 2012-11-07T00:00:00Z",
    "^(redis|rediss|unix)://": "a URL such as redis://127.0.0.1:6379/0, rediss://host:6380/0 or unix:///path",
    "^[A-Z]{2}$": "two capital letters of ISO 3166, such as US",
    r"^[A-Za-z0-9._-]{1,64}$": "1 to 64 letters, digits or . _ -, such as harmonia",
    r"^[A-Za-z0-9._-]{0,200}$": "up to 200 letters, digits or . _ -, such as worker-0",
    rf"^( *({'|'.join(get_args(ProvenanceKind))})( |$))* *$": (
        f"some of {', '.join(get_args(ProvenanceKind))} with a space between them, or nothing, such as staff petition"
    ),
    rf"^( *({'|'.join(CONSOLE_ACTS)})( |$))* *$": (
        f"some of {', '.join(CONSOLE_ACTS)} with a space between them, or nothing, such as hold lift"
    ),
    r"^(https://[^\s?#]+[^\s?#/]|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/[^\s?#]*[^\s?#/])?)?$": (
        "an https address without a slash at its end (http on this machine alone), such as https://id.example.org"
    ),
    r"^(https://[^/\s?#]+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?)?$": (
        "an https address without a path (http on this machine alone), such as https://console.example.org"
    ),
    "^(DEBUG|INFO|WARNING|ERROR)$": "DEBUG, INFO, WARNING or ERROR",
}
"""What a text of a pattern looks like, with an example."""
_subject = re.compile(r"^(Value error, |(Input|String|List|Dictionary|Value|Field) should (be|have) )")


def in_plain_words(details: ErrorDetails | Mapping[str, Any]) -> str:
    """The cure of one mistake; our own validators' words as they are. No value is repeated."""
    context: Mapping[str, Any] = details.get("ctx") or {}
    kind = details["type"]
    if kind in ("string_too_short", "too_short") and context.get("min_length") == 1:
        return "give at least one" if kind == "too_short" else "is empty; give at least one character"
    if kind == "string_pattern_mismatch" and (form := _FORMS.get(str(context.get("pattern")))) is not None:
        return f"give {form}"
    said = _SAID.get(kind)
    if said is None:
        return _subject.sub("", str(details["msg"]))
    try:
        return said.format_map(context)
    except KeyError:
        return _subject.sub("", str(details["msg"]))
