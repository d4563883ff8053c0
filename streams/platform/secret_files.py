"""Reads secrets from files, as orchestrators mount them, in place of environment variables."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

_FILE = "_file"


def read_secret_files(given: dict[str, Any], fields: Iterable[str]) -> dict[str, Any]:
    """The given settings, with each field `x` whose `x_file` was given read from that file.

    White space around it does not count. Raises `ValueError` that names the variable and shows no value, for a
    secret may have been put there by mistake.
    """
    read = dict(given)
    for field in fields:
        file = given.get(field + _FILE)
        if file:
            name = f"HARMONIA_{field.upper()}"
            if given.get(field):
                raise ValueError(f"{name} and {name}_FILE are both set: leave one")
            read[field] = _content(f"{name}_FILE", Path(file))
    return read


def _content(name: str, file: Path) -> str:
    try:
        text = file.read_text().strip()
    except OSError as error:
        raise ValueError(f"{name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{name} is not text") from None
    if not text:
        raise ValueError(f"{name} is empty")
    return text
