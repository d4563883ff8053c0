"""What happens to a worker's partitions, as metrics: rebalances, recoveries, and why the worker stopped itself.

The counts of fail-stops are kept in the state directory, since a process takes its counters with it: one that is
fenced, started again and fenced again would look like one that has just begun.
"""

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from faust.types import TP

from streams.platform.errors import Fenced, StateLost
from streams.worker.metrics import OperationsMetrics

REASONS = ("fenced", "state_lost", "other")
_FILE = "fail-stops.json"


def fail_stops(state_dir: Path) -> Mapping[str, int]:
    """How often the worker of a state directory has stopped itself, by reason; none without a readable file."""
    found: dict[str, int] = dict.fromkeys(REASONS, 0)
    with suppress(OSError, ValueError):
        said = json.loads((state_dir / _FILE).read_bytes())
        if isinstance(said, dict):
            found.update((reason, said[reason]) for reason in REASONS if isinstance(said.get(reason), int))
    return found


def note_fail_stop(state_dir: Path, error: BaseException) -> None:
    """Count one more fail-stop. A disk that is full must not keep the process from ending."""
    counts = dict(fail_stops(state_dir))
    counts[reason_of(error)] += 1
    with suppress(OSError):
        fresh = state_dir / f"{_FILE}.new"
        fresh.write_text(json.dumps(counts))
        os.replace(fresh, state_dir / _FILE)  # noqa: PTH105 (so that there is always one of them whole)


def reason_of(error: BaseException) -> str:
    """The reason of a fail-stop, one of `REASONS`."""
    match error:
        case Fenced():
            return "fenced"
        case StateLost():
            return "state_lost"
    return "other"


class TakeoverMetrics:
    """A `LifecycleListener` that keeps metrics of take-overs, group commits and fail-stops.

    A recovery that is begun again before it has ended counts from its first beginning.
    """

    def __init__(self, metrics: OperationsMetrics, state_dir: Path) -> None:
        self._metrics = metrics
        self._state_dir = state_dir
        self._began: float | None = None
        self._waits_since: float | None = None
        self._to_go: dict[TP, int] = {}
        metrics.recovering_seconds.set_function(self._lasting)
        metrics.transaction_open_seconds.set_function(self._waiting)
        metrics.recovery_to_go.set_function(lambda: sum(list(self._to_go.values())))
        for reason, count in fail_stops(state_dir).items():
            metrics.fail_stops.labels(reason).inc(count)

    def taking_over(self) -> None:
        self._metrics.rebalances.inc()
        self._to_go.clear()
        if self._began is None:
            self._began = time.monotonic()

    def to_go(self, changelog: TP, records: int) -> None:
        self._to_go[changelog] = records

    def taken_over(self) -> None:
        if self._began is not None:
            self._metrics.recovery_seconds.observe(self._lasting())
        self._began = None
        self._to_go.clear()

    def waits_for_transaction(self) -> None:
        if self._waits_since is None:
            self._waits_since = time.monotonic()

    def waits_no_more(self) -> None:
        self._waits_since = None

    def transaction_ended(self, outcome: str, seconds: float, records: int) -> None:
        self._metrics.transactions.labels(outcome).inc()
        if outcome == "committed":
            self._metrics.transaction_seconds.observe(seconds)
            self._metrics.transaction_records.observe(records)

    def failed(self, error: BaseException) -> None:
        note_fail_stop(self._state_dir, error)

    def _waiting(self) -> float:
        return 0.0 if (since := self._waits_since) is None else time.monotonic() - since

    def _lasting(self) -> float:
        return 0.0 if self._began is None else time.monotonic() - self._began
