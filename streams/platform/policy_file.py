"""The policy of now: a file that may be changed at any time, without a restart.

One that is broken changes nothing: limits that were decided go on until others are.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

from events.regimes import EU, EU_COUNTRIES, REGIMES, RegimeName
from streams.domain.pressure import FileMistakes, Policy, default_policy, read_policy
from streams.domain.pressure.french_departments import FRENCH_COUNTRIES
from streams.platform.errors import Unusable

logger = logging.getLogger(__name__)

LOOK_EVERY_MS = 1000
PolicyChange = Literal["taken", "broken"]
_Look = tuple[int, int, int]


class CurrentPolicy:
    """Gives the policy that holds now. `path` None: the one that comes with Harmonia for the regime.

    `told` is called with the outcome of each change of the file, `holds` with each version and since when (ms).
    `is_broken`: the file is, so that an older policy holds.
    Raises `Unusable` when there is no policy to begin with.
    """

    def __init__(
        self,
        path: Path | None,
        regime: RegimeName,
        clock: Callable[[], int],
        told: Callable[[PolicyChange], object],
        holds: Callable[[str, int], object],
    ) -> None:
        self._path = path
        self._regime = regime
        self._clock = clock
        self._told = told
        self._holds = holds
        self._look = self._seen()
        self._next_look = clock() + LOOK_EVERY_MS
        self._policy = policy_of(path, regime)
        self._warn_of_foreign(self._policy)
        self.is_broken = False
        holds(self._policy.version, clock())

    def now(self) -> Policy:
        """The policy; looks at the file once a second at most."""
        if self._path is not None and (at := self._clock()) >= self._next_look:
            self._next_look = at + LOOK_EVERY_MS
            if (look := self._seen()) != self._look:
                self._look = look
                self._change(_read(self._path))
        return self._policy

    def _change(self, found: Policy | str) -> None:
        if isinstance(found, Policy):
            logger.warning("policy %s holds now, instead of %s", found.version, self._policy.version)
            self._policy = found
            self.is_broken = False
            self._warn_of_foreign(found)
            self._holds(found.version, self._clock())
            self._told("taken")
        else:
            logger.error("policy %s goes on, for the new one is broken: %s", self._policy.version, found)
            self.is_broken = True
            self._told("broken")

    def _warn_of_foreign(self, policy: Policy) -> None:
        if (foreign := foreign_policy(policy, self._regime)) is not None:
            logger.warning("HARMONIA_POLICY: %s: %s", *foreign)

    def _seen(self) -> _Look | None:
        """What tells one state of the file from another; None: it is not there."""
        try:
            found = None if self._path is None else self._path.stat()
        except OSError:
            return None
        return None if found is None else (found.st_mtime_ns, found.st_size, found.st_ino)


class ForeignPolicy(NamedTuple):
    """That a policy is of another country than the regime, and the cure."""

    finding: str
    cure: str


_HOMES = {"fr": FRENCH_COUNTRIES, "eu": EU_COUNTRIES | {EU}}


def foreign_policy(policy: Policy, regime: RegimeName) -> ForeignPolicy | None:
    """Whether a policy can hardly be meant under a regime: a file of before stays when `HARMONIA_REGIME` is set.

    None: it may be. Under `us`, which is the default, any country may be meant.
    """
    named = policy.hours.country
    if regime == "us" or named in _HOMES[regime]:
        return None
    return ForeignPolicy(
        f"hours.country is {named}, and HARMONIA_REGIME={regime} is {REGIMES[regime].country}",
        f"harmonia policy show --default prints that of {regime}; is the file of before still there?",
    )


def policy_of(path: Path | None, regime: RegimeName) -> Policy:
    """The policy of this moment; None: the one that comes with the regime. Raises `Unusable`, with every mistake."""
    found = default_policy(regime) if path is None else _read(path)
    if not isinstance(found, Policy):
        raise Unusable(f"HARMONIA_POLICY: {found}")
    return found


def _read(path: Path) -> Policy | str:
    try:
        found = read_policy(path.read_text(encoding="utf-8"))
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        return "it is not UTF-8 text"
    return str(found) if isinstance(found, FileMistakes) else found
