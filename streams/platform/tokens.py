"""Tokens of callers of the API: the setting holds their hashes, so that whoever reads it can't use them.

`digital:read+permit+reserve:<sha256 of the token, 64 hex digits>`, several separated by spaces or commas. A token
speaks for its team alone; one of the team `*` speaks for whichever team it names, for a gateway that many share.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from streams.platform.errors import WrongSetting

Scope = Literal["read", "list", "permit", "reserve", "erase", "publish", "rights"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
ANY_TEAM = "*"
is_team = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}").fullmatch
_is_digest = re.compile(r"[0-9a-f]{64}").fullmatch
_OF_NOTHING = frozenset(hashlib.sha256(text).hexdigest() for text in (b"", b"\n"))
"""What a shell makes of a variable that is not set."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller of the API: its `team`, and what it may do."""

    team: str
    scopes: frozenset[Scope]


class Tokens:
    """Knows callers by their tokens."""

    def __init__(self, callers: Sequence[tuple[bytes, Caller]]) -> None:
        self._callers = callers

    @property
    def callers(self) -> list[Caller]:
        """Whose tokens they are: each team once, with what it may do by any of them."""
        found: dict[str, frozenset[Scope]] = {}
        for _, caller in self._callers:
            found[caller.team] = found.get(caller.team, frozenset()) | caller.scopes
        return [Caller(team, scopes) for team, scopes in found.items()]

    def __bool__(self) -> bool:
        """Whether there are any tokens."""
        return bool(self._callers)

    def caller(self, authorization: str | None) -> Caller | None:
        """Who sends this header; None: nobody that is known. Looks at each token, and takes equally long for all."""
        scheme, _, token = (authorization or "").partition(" ")
        token = token.strip()
        digest = hashlib.sha256(token.encode(errors="replace")).digest()
        found: Caller | None = None
        for known, caller in self._callers:
            if hmac.compare_digest(known, digest):
                found = caller
        return found if token and scheme.lower() == "bearer" else None


def read_tokens(setting: str) -> Tokens:
    """The tokens of HARMONIA_API_TOKENS. Raises `WrongSetting` that says which item is wrong, and not what is in it."""
    items = re.split(r"[\s,]+", setting.strip())
    return Tokens([_read(number, item) for number, item in enumerate(items, start=1) if item])


def _read(number: int, item: str) -> tuple[bytes, Caller]:
    team, scopes, digest = [*item.split(":"), "", ""][:3]
    named = scopes.split("+")
    if item.count(":") != 2 or not (team == ANY_TEAM or is_team(team)):
        raise _token_error(number, "is not team:scopes:sha256")
    known = frozenset(scope for scope in SCOPES if scope in named)
    if len(known) < len(set(named)):
        raise _token_error(number, f"has a scope that is none: give some of {', '.join(SCOPES)}, joined by +")
    if not _is_digest(digest):
        raise _token_error(number, "does not end in the SHA-256 of its token, 64 hexadecimal digits")
    if digest in _OF_NOTHING:
        raise _token_error(number, "is the SHA-256 of an empty token: the variable that should hold it was not set")
    return bytes.fromhex(digest), Caller(team, known)


def _token_error(number: int, problem: str) -> WrongSetting:
    return WrongSetting(f"HARMONIA_API_TOKENS: item {number} {problem}; see docs/api.md")
