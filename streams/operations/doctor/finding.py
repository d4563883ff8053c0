"""The result of one check."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

Verdict = Literal["ok", "warn", "fail"]
"""`warn`: it works, and may cost something one day. `fail`: a worker cannot do its work, or something may be lost."""


_GRAVITY: tuple[Verdict, ...] = get_args(Verdict)


@dataclass(frozen=True, slots=True)
class Finding:
    """`what` was looked at, what was `found`, and what `to_do` about it; never a secret or a person's address."""

    what: str
    verdict: Verdict
    found: str
    to_do: str = ""


def gravest_of_each_setting(findings: Iterable[Finding]) -> list[Finding]:
    """The findings in order, with one for each setting: the gravest, once several checks have looked at it."""
    found: list[Finding] = []
    for finding in findings:
        place = next((at for at, one in enumerate(found) if one.what == finding.what and _is_setting(one.what)), None)
        if place is None:
            found.append(finding)
        elif _GRAVITY.index(finding.verdict) > _GRAVITY.index(found[place].verdict):
            found[place] = finding
    return found


def _is_setting(what: str) -> bool:
    return what.startswith("HARMONIA_")


def ok(what: str, found: str) -> Finding:
    """A finding that all is well."""
    return Finding(what, "ok", found)


def warn(what: str, found: str, to_do: str) -> Finding:
    """A finding that something works, and may cost something one day."""
    return Finding(what, "warn", found, to_do)


def fail(what: str, found: str, to_do: str) -> Finding:
    """A finding that something does not work, or that something may be lost."""
    return Finding(what, "fail", found, to_do)
