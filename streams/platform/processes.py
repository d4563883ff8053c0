"""The processes beside the workers, and where `harmonia status` asks them (`HARMONIA_WATCHED`)."""

from collections.abc import Mapping
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator

ProcessName = Literal["api", "gateway", "deliver", "sink postgres", "console", "console follow", "lake run"]
"""A process, by its command."""
PROCESSES: tuple[ProcessName, ...] = get_args(ProcessName)
_BY_KEY: Mapping[str, ProcessName] = {name.replace(" ", "-"): name for name in PROCESSES}
KEYS = tuple(_BY_KEY)
"""How processes are named in the setting."""


def watched_addresses(text: str) -> dict[ProcessName, str]:
    """The addresses of a text such as `api=http://127.0.0.1:9464`, by process. Raises ValueError, with the cure."""
    found: dict[ProcessName, str] = {}
    for word in text.split():
        key, _, url = word.partition("=")
        if key not in _BY_KEY:
            raise ValueError(f"names no process: give one of {', '.join(_BY_KEY)}, each with = and its address")
        if _BY_KEY[key] in found:
            raise ValueError(f"names {key} twice: give each process once")
        if not _is_address(url):
            raise ValueError(f"{key}: give where its /metrics are, such as {key}=http://127.0.0.1:9464")
        found[_BY_KEY[key]] = url
    return found


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0
            and not (parts.query or parts.fragment or parts.username or parts.password)
        )
    except ValueError:
        return False


def _checked(text: str) -> str:
    watched_addresses(text)
    return text


Watched = Annotated[str, AfterValidator(_checked)]
"""Addresses of processes, separated by spaces."""
