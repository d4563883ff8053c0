"""Sets variables in a file `.env` and leaves everything else in it as it is."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from dotenv.parser import parse_stream


class MergedEnvFile(NamedTuple):
    """The new text of an env file, and the variables whose lines stay as they were (`kept`, in order)."""

    text: str
    kept: Sequence[str]


def merge_env(text: str, values: Mapping[str, str]) -> MergedEnvFile:
    """The text with these values, in the place of the lines that set them or behind all others.

    Parsed as the settings parse it: a quoted value may hold lines that look like variables. Of a variable that is set
    twice the last would count, so only one is left. Comments and all else stay as they are.
    """
    parts: list[str] = []
    kept: list[str] = []
    done: set[str] = set()
    for binding in parse_stream(StringIO(text)):
        said = binding.original.string
        name = "" if binding.key is None or binding.value is None else binding.key
        if name.upper() not in values:
            parts.append(said)
            kept += [name] if name else []
            continue
        before = said[: len(said) - len(said.lstrip())]
        parts.append(before[: before.rfind("\n") + 1])
        if name.upper() not in done:
            parts.append(f"{name.upper()}={values[name.upper()]}\n")
            done.add(name.upper())
    found = "".join(parts)
    end = "\n" if found and not found.endswith("\n") else ""
    added = "".join(f"{name}={value}\n" for name, value in values.items() if name not in done)
    return MergedEnvFile(f"{found}{end}{added}", [*dict.fromkeys(kept)])


def write_env(file: Path, values: Mapping[str, str]) -> Sequence[str]:
    """Set variables in a file, all or none; returns the other variables in it.

    Raises OSError, and UnicodeDecodeError where the file is no text.
    """
    place = file.resolve()  # where it is a link, what it leads to is changed
    there = place.is_file()
    found = merge_env(place.read_text(encoding="utf-8") if there else "", values)
    handle, draft = tempfile.mkstemp(dir=place.parent, prefix=f"{place.name}.")  # its owner's alone: a key may be in it
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(found.text)
        if there:
            Path(draft).chmod(place.stat().st_mode & 0o777)
        Path(draft).replace(place)
    except BaseException:
        with suppress(OSError):
            Path(draft).unlink()
        raise
    return found.kept
