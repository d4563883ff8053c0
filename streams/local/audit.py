"""Looks up known vulnerabilities of the pinned libraries: `make audit`.

Asks a service for each version in both lock files. Where the network does not let us reach it, that is printed and
fails nothing, since the same commit would pass and fail by where it is built. A vulnerability fails.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

LOCKS = ("requirements.lock", "requirements-dev.lock")
_ASK = ("-m", "pip_audit", "--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json")


@dataclass(frozen=True, slots=True)
class AuditReport:
    """The answer for one lock file. `unknown`: libraries that the service does not know; `holes`: vulnerabilities."""

    known: int
    unknown: tuple[str, ...]
    holes: tuple[str, ...]


def read_report(report: str) -> AuditReport:
    """Read pip-audit's JSON; for other text the report says that nothing was looked up."""
    try:
        found: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return AuditReport(0, (), ())
    asked = [one for one in found if "skip_reason" not in one]
    return AuditReport(
        len(asked),
        tuple(one["name"] for one in found if "skip_reason" in one),
        tuple(f"{one['name']} {one['version']}: {_hole(hole)}" for one in asked for hole in one["vulns"]),
    )


def verdict(lock: str, audited: AuditReport) -> str:
    """The line to print for one lock file."""
    if audited.holes:
        return "\n".join(f"{lock}: {hole}" for hole in audited.holes)
    if not audited.known:
        return f"{lock}: NOT LOOKED UP, the service of known holes is out of reach from here"
    left_out = f"; unknown to the service: {', '.join(audited.unknown)}" if audited.unknown else ""
    return f"{lock}: no known hole in {audited.known} libraries{left_out}"


def _hole(hole: dict[str, Any]) -> str:
    cure = " or ".join(hole["fix_versions"])
    return f"{hole['id']}, {f'mended in {cure}' if cure else 'not mended yet'}"


def main() -> None:
    """Audit both lock files, print a line for each, and exit with 1 if there is a vulnerability."""
    holes = False
    for lock in LOCKS:
        # pip-audit exits with 1 for a hole and for a network that is away: only its report tells them apart.
        done = subprocess.run(  # nosec B603 # words of ours, no shell
            [sys.executable, *_ASK, "--requirement", lock], capture_output=True, text=True, check=False
        )
        audited = read_report(done.stdout)
        sys.stderr.write(verdict(lock, audited) + "\n")
        holes = holes or bool(audited.holes)
    sys.exit(holes)


if __name__ == "__main__":
    main()
