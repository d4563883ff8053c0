"""How fast one process fills a PostgreSQL with profiles, and how long a small write takes.

From decoded records on, without what Kafka's client costs; the server is on the same machine and takes its CPU.
"""

import asyncio
import time

from benchmarks.desk.load import profiles
from benchmarks.results import Figure, Goal, Section
from benchmarks.suites import Orders
from sinks.base import ContactChange, Position
from sinks.postgres.database import PostgresDatabase
from sinks.postgres.sink import PostgresContacts
from streams.local.postgres import running_postgres

CONTACTS, QUICK_CONTACTS = 1_000_000, 20_000
PARTITIONS = 8
RUN = 2_000
"""Records of a run, as a fetch has them in a refill."""
AT_ONCE, SMALL, QUICK_SMALL = 200, 300, 30
"""Records of a run at 2,000 a second, ten runs a second; how many such runs."""
TOPIC_ID = "benchmark"


def postgres(orders: Orders) -> Section:
    """Measure it, in one round: it is long."""
    contacts = QUICK_CONTACTS if orders.quick else orders.events or CONTACTS
    with running_postgres() as server:
        filled, cpu, small = asyncio.run(_measure(server.url, contacts, QUICK_SMALL if orders.quick else SMALL))
    figures = (
        Figure("a fill", "rows", "a second", (contacts / filled,), Goal("at least", 15_000)),
        Figure("a fill", "time for a million contacts", "s", (filled * 1_000_000 / contacts,), Goal("at most", 90)),
        Figure("a fill", "CPU of the process", "µs a row", (cpu * 1_000_000 / contacts,)),
        Figure(f"{AT_ONCE} newer profiles", "to the answer", "ms", tuple(small)),
    )
    return Section("PostgreSQL", figures, (f"{contacts:,} contacts in {PARTITIONS} partitions, runs of {RUN:,}",))


async def _measure(url: str, contacts: int, small: int) -> tuple[float, float, list[float]]:
    """Seconds and CPU of a fill, and the ms of each small write after it."""
    database = PostgresDatabase(url)
    sink = PostgresContacts(database, stale_after=3600)
    await sink.position(0)  # the schema is made
    values = next(profiles(1, 1, 2026)).value or b""
    cpu, began = time.process_time(), time.perf_counter()
    each = contacts // PARTITIONS
    await asyncio.gather(*(_fill(sink, number, each, values) for number in range(PARTITIONS)))
    filled, cpu = time.perf_counter() - began, time.process_time() - cpu
    taken, position = [], await sink.position(0)
    for number in range(small):
        newer = [_living(0, (number * AT_ONCE + row) % each, 2 + number, values) for row in range(AT_ONCE)]
        after = Position(TOPIC_ID, each + number + 1)
        began = time.perf_counter()
        if not await sink.write(0, newer, position, after):
            raise RuntimeError("somebody else moves the position")
        taken.append((time.perf_counter() - began) * 1000)
        position = after
    await database.close()
    return filled, cpu, taken


async def _fill(sink: PostgresContacts, partition: int, contacts: int, value: bytes) -> None:
    position = None
    for first in range(0, contacts, RUN):
        last = min(contacts, first + RUN)
        after = Position(TOPIC_ID, last)
        if not await sink.write(
            partition, [_living(partition, n, 1, value) for n in range(first, last)], position, after
        ):
            raise RuntimeError("somebody else moves the position")
        position = after


def _living(partition: int, number: int, version: int, value: bytes) -> ContactChange:
    return ContactChange(f"email:{partition:08x}{number:024x}", version, value, None, None)
