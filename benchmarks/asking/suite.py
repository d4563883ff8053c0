"""Seconds to an answer about one person, and people a second in batches.

One process of the API, one Redis and the asking process share the machine, as on a host of a small campaign. Nobody
else writes to Redis meanwhile.
"""

import asyncio
import statistics
import threading
import time
from collections.abc import Callable, Iterator

from benchmarks.asking.people import fill, questions, tell_whole
from benchmarks.asking.server import Client, serving
from benchmarks.results import Figure, Goal, Section
from benchmarks.suites import Bench
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topics import create_topics

PEOPLE, QUICK_PEOPLE = 50_000, 5_000
SINGLE, QUICK_SINGLE = 2_000, 300
BATCH = 10_000
BATCHES, QUICK_BATCHES = 12, 2
"""Of each of two connections, in a round."""
CONNECTIONS = 2
WARM = 200


def asking(bench: Bench) -> Section:
    """Measure both."""
    settings = Settings(_env_file=None, kafka_bootstrap=bench.stack.kafka_bootstrap, redis_url=bench.stack.redis_url)
    admin = KafkaClients(settings).admin()
    create_topics(admin, settings)
    admin.close()
    people = QUICK_PEOPLE if bench.quick else PEOPLE
    asyncio.run(fill(settings, people, bench.seed))
    ones, many = [], []
    with serving(settings, bench.home) as address:
        for number in range(bench.rounds):
            asyncio.run(tell_whole(settings, people))
            _single(address, questions(people, 1, number), WARM)  # a process that has answered before
            ones.append(_single(address, questions(people, 1, number), _few(bench)))
            many.append(_many(address, lambda n: questions(people, BATCH, n), bench))
    figures = (
        Figure("API", "one person, median", "ms", tuple(statistics.median(one) * 1000 for one in ones)),
        Figure("API", "one person, p99", "ms", tuple(_p99(one) * 1000 for one in ones), Goal("at most", 20)),
        Figure("API", f"people a second, in batches of {BATCH:,}", "/s", tuple(many), Goal("at least", 20_000)),
    )
    return Section("Asking for permission", figures, (_NOTE,))


_NOTE = (
    f"One process of the API; Redis, Kafka and {CONNECTIONS} asking connections on the same machine. People have up to "
    "16 touches; half of them are asked about by address. Each answer is written to audit-log"
)


def _few(bench: Bench) -> int:
    return QUICK_SINGLE if bench.quick else SINGLE


def _p99(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=100)[98]


def _single(address: str, bodies: Iterator[bytes], count: int) -> list[float]:
    """Seconds of each of so many questions, one after the other."""
    client, seconds = Client(address), []
    for _ in range(count):
        body = next(bodies)
        began = time.perf_counter()
        client.ask(body)
        seconds.append(time.perf_counter() - began)
    return seconds


def _many(address: str, bodies: Callable[[int], Iterator[bytes]], bench: Bench) -> float:
    """People answered about in a second, by all connections together."""
    each = QUICK_BATCHES if bench.quick else BATCHES
    ready = [[body for body, _ in zip(bodies(n), range(each), strict=False)] for n in range(CONNECTIONS)]
    failures: list[BaseException] = []

    def ask(prepared: list[bytes]) -> None:
        client = Client(address)
        try:
            for body in prepared:
                client.ask(body)
        except BaseException as failure:  # noqa: BLE001 - told to whoever waits
            failures.append(failure)

    threads = [threading.Thread(target=ask, args=(prepared,)) for prepared in ready]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return CONNECTIONS * each * BATCH / (time.perf_counter() - began)
