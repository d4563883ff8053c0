"""The people of the demo's console: one of each role, and links by which somebody signs in once without a token.

A link is a file in a directory of the demo, named for the hash of the link's token. Whoever removes it is signed in.
"""

import hashlib
import json
import secrets
from pathlib import Path
from typing import NamedTuple


class Part(NamedTuple):
    """Somebody whom a reader may be. `label`: as the console calls them, English, as a key of its catalogue."""

    name: str
    label: str
    roles: tuple[str, ...]
    regions: tuple[str, ...] | None = None


CAST = (
    Part("everybody", "Everybody", ("figures", "field", "treasury", "sending", "operations", "privacy")),
    Part("strategist", "Strategist", ("figures",)),
    Part("field-director", "Field director", ("field",)),
    Part("organiser-oh", "Organiser in Ohio", ("field",), ("US-OH",)),
    Part("treasurer", "Treasurer", ("treasury",)),
    Part("digital-director", "Digital director", ("sending",)),
    Part("on-call", "On call", ("operations",)),
    Part("data-protection", "Data protection", ("privacy",)),
)
FIRST = CAST[0].name
"""Whom a link signs in as."""


def people_file() -> str:
    """The file of HARMONIA_CONSOLE_PEOPLE with these people. Their tokens are thrown away: they come by links."""
    return "\n".join(_table(part) for part in CAST)


def _table(part: Part) -> str:
    lines = [f"[people.{part.name}]", f'token = "{hashlib.sha256(secrets.token_bytes(32)).hexdigest()}"']
    lines.append(f"roles = {json.dumps(part.roles)}")
    if part.regions is not None:
        lines.append(f"regions = {json.dumps(part.regions)}")
    return "\n".join(lines) + "\n"


def new_link(directory: Path) -> str:
    """The token of a new link."""
    token = secrets.token_urlsafe(32)
    _place(directory, token).touch(mode=0o600)
    return token


def use_link(directory: Path, token: str) -> bool:
    """Whether this token is of a link that was not used; now it is."""
    try:
        _place(directory, token).unlink()
    except FileNotFoundError:
        return False
    return True


def _place(directory: Path, token: str) -> Path:
    return directory / hashlib.sha256(token.encode(errors="replace")).hexdigest()
