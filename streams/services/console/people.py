"""Who may sign in to the console: reads the file of HARMONIA_CONSOLE_PEOPLE, and finds people by token or OIDC subject.

```toml
[people.ada]
token = "<sha256 of the token, 64 hexadecimal digits>"   # `harmonia console token` makes one
oidc = "subject of the provider"                          # or this, or both
roles = ["field"]
regions = ["US-OH"]      # teams, regions, committees: what is left out is all of them
language = "en"
```
"""

import hashlib
import hmac
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from msgspec import Struct

from events.console_acts import CONSOLE_ACTS, ConsoleAct
from streams.platform.errors import Unusable
from streams.services.console.rights import Scope, Viewer
from streams.services.console.roles import ROLES, Role
from streams.services.console.words import LANGUAGES, Language

SETTING = "HARMONIA_CONSOLE_PEOPLE"
_is_digest = re.compile(r"[0-9a-f]{64}").fullmatch
_is_name = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}").fullmatch
_OF_NOTHING = frozenset(hashlib.sha256(text).hexdigest() for text in (b"", b"\n"))
_KNOWN = ("token", "oidc", "roles", "teams", "regions", "committees", "language")


class Person(Struct, frozen=True):
    """Somebody who may sign in. `token_hash`: SHA-256 of the token, `subject`: of the OIDC provider; '' without one."""

    viewer: Viewer
    token_hash: bytes = b""
    subject: str = ""


class People:
    """Everybody who may sign in, by name."""

    def __init__(self, people: Mapping[str, Person]) -> None:
        self._people = people

    def __bool__(self) -> bool:
        """Whether there is anybody."""
        return bool(self._people)

    def names(self) -> list[str]:
        """The names of all."""
        return sorted(self._people)

    def named(self, name: str) -> Viewer | None:
        """The viewer of a name, None where it is not in the file any more."""
        person = self._people.get(name)
        return None if person is None else person.viewer

    def by_token(self, token: str) -> Viewer | None:
        """Who has this token. Looks at each person, and takes equally long for all."""
        digest = hashlib.sha256(token.encode(errors="replace")).digest()
        found: Viewer | None = None
        for person in self._people.values():
            if hmac.compare_digest(person.token_hash, digest):
                found = person.viewer
        return found if token else None

    def by_subject(self, subject: str) -> Viewer | None:
        """Who is the subject of the OIDC provider."""
        return next((one.viewer for one in self._people.values() if subject and one.subject == subject), None)


def read_people(file: Path | None, may_change: frozenset[ConsoleAct] = frozenset(CONSOLE_ACTS)) -> People:
    """The people of a file. Raises `Unusable` that names the mistake and the cure, and shows no token's hash."""
    if file is None:
        return People({})
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Unusable(f"{SETTING} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Unusable(f"{SETTING} is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise Unusable(f"{SETTING} is not TOML: {error}") from None
    listed = content.get("people")
    if not isinstance(listed, dict) or set(content) != {"people"}:
        raise Unusable(f"{SETTING}: give a table [people.<name>] for each person, and nothing else")
    people = dict(_person(name, said, may_change) for name, said in listed.items())
    _require_distinct(people)
    return People(people)


def _person(name: str, said: Any, may_change: frozenset[ConsoleAct]) -> tuple[str, Person]:
    place = f"{SETTING}: [people.{name if _is_name(name) else '…'}]"
    if not _is_name(name):
        raise Unusable(f"{place} is no name: give 1 to 64 of letters, digits and _ . @ -")
    if not isinstance(said, dict):
        raise Unusable(f"{place} is no table")
    if unknown := [key for key in said if key not in _KNOWN]:
        raise Unusable(f"{place} has the unknown key {unknown[0]!r}: known are {', '.join(_KNOWN)}")
    token, subject = _text(place, said, "token"), _text(place, said, "oidc")
    if not token and not subject:
        raise Unusable(f"{place} can never sign in: give token or oidc")
    if token and not _is_digest(token):
        raise Unusable(f"{place} token: give its SHA-256, 64 hexadecimal digits; `harmonia console token` makes one")
    if token in _OF_NOTHING:
        raise Unusable(f"{place} token is the SHA-256 of an empty one: the variable that should hold it was not set")
    scope = Scope(*(_names(place, said, key) for key in ("teams", "regions", "committees")))
    viewer = Viewer(name, _roles(place, said), scope, _language(place, said), may_change)
    return name, Person(viewer, bytes.fromhex(token), subject)


def _require_distinct(people: Mapping[str, Person]) -> None:
    for what, keys in (
        ("token", [(name, one.token_hash) for name, one in people.items() if one.token_hash]),
        ("oidc", [(name, one.subject) for name, one in people.items() if one.subject]),
    ):
        seen: dict[object, str] = {}
        for name, key in keys:
            if key in seen:
                raise Unusable(f"{SETTING}: {seen[key]} and {name} have the same {what}: give each their own")
            seen[key] = name


def _text(place: str, said: Mapping[str, Any], key: str) -> str:
    value = said.get(key, "")
    if not isinstance(value, str):
        raise Unusable(f"{place} {key}: give a text")
    return value


def _list(place: str, said: Mapping[str, Any], key: str) -> Iterator[str]:
    values = said[key]
    if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
        raise Unusable(f"{place} {key}: give a list of texts")
    yield from values


def _names(place: str, said: Mapping[str, Any], key: str) -> frozenset[str] | None:
    return frozenset(_list(place, said, key)) if key in said else None


def _roles(place: str, said: Mapping[str, Any]) -> frozenset[Role]:
    named = [*_list(place, said, "roles")] if "roles" in said else []
    known = frozenset(role for role in ROLES if role in named)
    if not named or len(known) < len(set(named)):
        raise Unusable(f"{place} roles: give a list of some of {', '.join(get_args(Role))}")
    return known


def _language(place: str, said: Mapping[str, Any]) -> Language:
    named = said.get("language", "en")
    for language in LANGUAGES:
        if named == language:
            return language
    raise Unusable(f"{place} language: give one of {', '.join(LANGUAGES)}")
