"""The least that the job costs in plain Python: what a machine needs for it measures what the engine adds."""

import json
import time
from collections.abc import Iterable

from benchmarks.peers.job import State, fold


def cpu_us_per_event(events: Iterable[tuple[bytes, bytes]]) -> float:
    """CPU microseconds of this thread for each event that is parsed and folded into a dict, and nothing else."""
    given = list(events)
    states: dict[bytes, State] = {}
    began = time.thread_time()
    for key, value in given:
        event = json.loads(value)
        fold(states.setdefault(key, {}), event["type"], event["occurred_at"])
    return (time.thread_time() - began) / len(given) * 1e6
