"""From the text of a policy file to a policy, or to what is wrong with it."""

import tomllib
from functools import cache
from importlib.resources import files

from pydantic import ValidationError

from streams.domain.file_mistakes import FileMistake, FileMistakes, mistakes_in
from streams.domain.pressure.policy import Policy

_REFERENCE = "see docs/policy.md"


def read_policy(text: str) -> Policy | FileMistakes:
    """The policy that a TOML file sets out."""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return FileMistakes((FileMistake("", f"is not TOML: {error}", "correct that place"),))
    try:
        return Policy.model_validate(said)
    except ValidationError as error:
        return mistakes_in(error, _REFERENCE)


def default_text() -> str:
    """The file that comes with Harmonia, with its comments: a start for one's own."""
    return files("streams.domain.pressure").joinpath("default.toml").read_text(encoding="utf-8")


@cache
def default_policy() -> Policy:
    """The policy where no file is named."""
    policy = read_policy(default_text())
    if isinstance(policy, FileMistakes):
        raise TypeError(str(policy))
    return policy
