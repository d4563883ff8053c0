"""What happens to a worker's partitions, as metrics."""

import time
from pathlib import Path

from faust.types import TP

from streams.worker.measuring.fail_stops import fail_stops, note_fail_stop
from streams.worker.measuring.operations import StandingMetrics


class TakeOvers:
    """An `Onlooker`. A recovery that is begun again before it has ended counts from its first beginning."""

    def __init__(self, metrics: StandingMetrics, state_dir: Path) -> None:
        self._metrics = metrics
        self._state_dir = state_dir
        self._began: float | None = None
        self._to_go: dict[TP, int] = {}
        metrics.recovering_seconds.set_function(self._lasting)
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

    def failed(self, error: BaseException) -> None:
        note_fail_stop(self._state_dir, error)

    def _lasting(self) -> float:
        return 0.0 if self._began is None else time.monotonic() - self._began
