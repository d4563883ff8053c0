"""The result of one check."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warn", "fail"]
"""`warn`: it works, and may cost something one day. `fail`: a worker cannot do its work, or something may be lost."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`what` was looked at, what was `found`, and what `to_do` about it; never a secret or a person's address."""

    what: str
    verdict: Verdict
    found: str
    to_do: str = ""


def ok(what: str, found: str) -> Finding:
    """A finding that all is well."""
    return Finding(what, "ok", found)


def warn(what: str, found: str, to_do: str) -> Finding:
    """A finding that something works, and may cost something one day."""
    return Finding(what, "warn", found, to_do)


def fail(what: str, found: str, to_do: str) -> Finding:
    """A finding that something does not work, or that something may be lost."""
    return Finding(what, "fail", found, to_do)
