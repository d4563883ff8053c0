"""Policy files: read from TOML, the default one, and written with every value that holds.

What is written can be read again, and is the same policy; what a default fills in is marked.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import get_args

from pydantic import BaseModel, ValidationError

from events.regimes import REGIMES, RegimeName
from streams.domain.file_mistakes import FileMistake, FileMistakes, mistakes_in
from streams.domain.pressure.alerting import format_span
from streams.domain.pressure.policy import ChannelHours, Policy
from streams.domain.pressure.policy_values import CLOSED, HOUR, MINUTE, SPANS, Hours

_REFERENCE = "see docs/policy.md"


def read_policy(text: str) -> Policy | FileMistakes:
    """The policy in the text of a TOML file, or its mistakes."""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return FileMistakes((FileMistake("", f"is not TOML: {error}", "correct that place"),))
    try:
        return Policy.model_validate(said)
    except ValidationError as error:
        return mistakes_in(error, _REFERENCE)


def default_policy_text(regime: RegimeName = "us") -> str:
    """The file that comes with Harmonia for a regime, with its comments: a start for one's own."""
    return files("streams.domain.pressure").joinpath(REGIMES[regime].policy).read_text(encoding="utf-8")


def default_policy(regime: RegimeName = "us") -> Policy:
    """The policy where no file is named."""
    return _packaged(regime)


@cache
def _packaged(regime: RegimeName) -> Policy:
    policy = read_policy(default_policy_text(regime))
    if isinstance(policy, FileMistakes):
        raise TypeError(str(policy))
    return policy


_WIDTH = 80
_DEFAULT = "  # by default"
_SPANS = [metadata for kind in SPANS for metadata in get_args(kind)[1:]]


def policy_text(policy: Policy) -> str:
    """TOML, a line or a list for each key; what a default fills in is marked."""
    return "".join(f"{line}\n" for line in _lines(policy, "", given=True))


def _lines(section: BaseModel, path: str, *, given: bool) -> Iterator[str]:
    for name in type(section).model_fields:
        value, key = getattr(section, name), f"{path}{name}"
        said = given and name in section.model_fields_set
        if isinstance(value, BaseModel):
            yield from _lines(value, f"{key}.", given=said)
        elif isinstance(value, Mapping) and value:
            yield from _tables(value, key)
        elif value is not None and value != {}:
            yield from _line(key, _value(section, name), "" if said else _DEFAULT)
        elif not isinstance(section, ChannelHours):
            yield f"# {key}: none"


def _tables(value: Mapping[str, object], key: str) -> Iterator[str]:
    """Whatever somebody has named: committees, elections, currencies."""
    for name, part in value.items():
        inner = f"{key}.{_text(name)}"
        if isinstance(part, Mapping):
            yield from _tables(part, inner)
        else:
            yield f"{inner} = {part}"


def _line(key: str, value: str | list[str], mark: str) -> Iterator[str]:
    if isinstance(value, str):
        yield f"{key} = {value}{mark}"
        return
    whole = f"{key} = [{', '.join(value)}]{mark}"
    if len(whole) <= _WIDTH:
        yield whole
        return
    yield f"{key} = [{mark}"
    yield from (f"    {part}," for part in value)
    yield "]"


def _value(section: BaseModel, name: str) -> str | list[str]:
    value = getattr(section, name)
    if isinstance(section, ChannelHours):
        return _text(_hours(value))
    if isinstance(value, tuple):
        return [_table(part) if isinstance(part, BaseModel) else _text(part) for part in value]
    is_span = any(metadata in _SPANS for metadata in type(section).model_fields[name].metadata)
    return _text(format_span(value) if is_span else value)


def _table(section: BaseModel) -> str:
    given = (name for name, value in section if name in section.model_fields_set and value not in (None, ()))
    said = (f"{name} = {_inline(_value(section, name))}" for name in given)
    return f"{{ {', '.join(said)} }}"


def _inline(value: str | list[str]) -> str:
    return value if isinstance(value, str) else f"[{', '.join(value)}]"


def _hours(hours: Hours) -> str:
    return "closed" if hours == CLOSED else "-".join(f"{at // HOUR:02}:{at % HOUR // MINUTE:02}" for at in hours)


def _text(value: object) -> str:
    """JSON's notation of a text or a number is also TOML's."""
    return json.dumps(value, ensure_ascii=False)
