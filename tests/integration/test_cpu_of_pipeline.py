"""The whole pipeline stays fast: what a worker uses for a record, from an input topic to Redis, beside the bare work.

A worker process with all its threads, on servers of its own, in ratio to a plain loop that is timed between its
rounds: what neighbours do makes both dearer. Medians, since a single round of either may be hit by more.
"""

import time
from pathlib import Path
from statistics import median

from benchmarks.peers.events import generate
from benchmarks.peers.plain_loop import cpu_us_per_event
from benchmarks.pipeline.flow import flow
from benchmarks.pipeline.prefill import prefill
from benchmarks.pipeline.rig import rig
from benchmarks.pipeline.sayings import sayings

CONTACTS, WARM, COUNTED = 10_000, 10_000, 12_000
ROUNDS = 3
PLAIN_EVENTS = 20_000
MOST = 65.0
"""Times the plain loop. Measured on two cores for which a dozen processes waited: 52 and 53, and 57 and 60 where every
link was weighed. A pipeline that takes one and a half times as long breaks it."""


async def test_the_pipeline_adds_little_to_a_plain_loop(tmp_path: Path) -> None:
    now = time.time_ns() // 1_000_000
    pipeline, plain = [], []
    with rig(tmp_path, partitions=4) as place:
        await prefill(place.settings, place.records(sayings(CONTACTS, WARM, 0, now)))
        with place.worker() as workers:
            place.until_all_in_redis(workers, time.monotonic)
            for seed in range(1, ROUNDS + 1):
                plain.append(cpu_us_per_event(generate(PLAIN_EVENTS, seed, CONTACTS)))
                records = place.records(sayings(CONTACTS, COUNTED, seed, now))
                pipeline.append((await flow(place, workers, records)).cpu_micros)
            plain.append(cpu_us_per_event(generate(PLAIN_EVENTS, 0, CONTACTS)))
    ratio = median(pipeline) / median(plain)
    assert ratio < MOST, f"µs of CPU for a record {pipeline}, plain loop {plain}"
