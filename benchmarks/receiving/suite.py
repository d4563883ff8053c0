"""Events a second that Kafka has when they are answered, from webhooks of a hundred each.

One process of the gateway, one Kafka and the sending process share the machine. What is counted at the end is what is
in the topic, not what was answered.
"""

import base64
import http.client
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import orjson
from kafka import TopicPartition

from benchmarks.asking.server import running
from benchmarks.processes import Meter
from benchmarks.results import Figure, Goal, Section
from benchmarks.suites import Bench, BenchmarkFailed
from events.topics import EMAIL_EVENTS
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topics import create_topics

EVENTS_IN_A_POST = 100
POSTS, QUICK_POSTS = 400, 40
"""Of each connection, in a round."""
CONNECTIONS = 4
_LOGIN = "bench:bench"
_HEADERS = {"Authorization": f"Basic {base64.b64encode(_LOGIN.encode()).decode()}", "Content-Type": "application/json"}
_HOOKS = '[hooks.sendgrid]\nsource = "bench/sendgrid"\nauth = "basic"\nsecrets = ["env:BENCH_LOGIN"]\n'
_NAMES = ("processed", "delivered", "open", "click")


def receiving(bench: Bench) -> Section:
    """Measure it."""
    settings = Settings(_env_file=None, kafka_bootstrap=bench.stack.kafka_bootstrap, redis_url=bench.stack.redis_url)
    admin = KafkaClients(settings).admin()
    create_topics(admin, settings)
    admin.close()
    rates, costs = [], []
    with running("gateway", settings, _environment(bench.home), bench.home) as (address, pid):
        for number in range(bench.rounds):
            posts = QUICK_POSTS if bench.quick else POSTS
            ready = [list(_bodies(f"{number}-{line}", posts)) for line in range(CONNECTIONS)]
            before = _in_topic(settings)
            with Meter([pid]) as meter:
                seconds = _send(address, ready)
                used = meter.read().cpu_seconds
            found = _in_topic(settings) - before
            if found < (sent := CONNECTIONS * posts * EVENTS_IN_A_POST):
                raise BenchmarkFailed(f"{sent:,} events were answered 204, and {found:,} are in the topic")
            rates.append(sent / seconds)
            costs.append(used / sent * 1_000_000)
    figures = (
        Figure("gateway", "events a second", "/s", tuple(rates), Goal("at least", 5_000)),
        Figure("gateway", "CPU of an event", "µs", tuple(costs)),
    )
    return Section("Taking webhooks", figures, (_NOTE,))


_NOTE = (
    f"SendGrid's webhook, {EVENTS_IN_A_POST} events a request over {CONNECTIONS} connections; answered once Kafka, on "
    "the same machine, has all of it (acks=all)"
)


def _environment(folder: Path) -> dict[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "gateway.toml"
    file.write_text(_HOOKS)
    return {"HARMONIA_GATEWAY": str(file), "BENCH_LOGIN": _LOGIN}


def _bodies(mark: str, posts: int) -> Iterator[bytes]:
    for post in range(posts):
        yield orjson.dumps([_event(mark, post * EVENTS_IN_A_POST + one) for one in range(EVENTS_IN_A_POST)])


def _event(mark: str, number: int) -> dict[str, object]:
    name = _NAMES[number % len(_NAMES)]
    found: dict[str, object] = {
        "event": name,
        "email": f"person.{number % 5_000}@example.org",
        "timestamp": 1_764_000_000 + number % 3_600,
        "sg_event_id": f"e-{mark}-{number}",
        "sg_message_id": f"m-{mark}-{number}.filter0001p1las1-1",
        "smtp-id": f"<m-{number}@geopod>",
        "category": ["gotv"],
        "campaign_id": "gotv-1",
        "purpose": "fundraising",
    }
    if name in ("open", "click"):
        found |= {"useragent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", "ip": "192.0.2.7"}
    if name == "click":
        found |= {
            "url": f"https://example.org/give?refcode=gotv-1&n={number}",
            "url_offset": {"index": 0, "type": "html"},
        }
    return found


def _send(address: str, ready: list[list[bytes]]) -> float:
    """Seconds until everything of every connection was answered 204."""
    failures: list[BaseException] = []

    def send(bodies: list[bytes]) -> None:
        place = urlsplit(address)
        line = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
        try:
            for body in bodies:
                line.request("POST", "/v1/hooks/sendgrid", body, _HEADERS)
                answer = line.getresponse()
                answer.read()
                if answer.status != 204:
                    raise BenchmarkFailed(f"the gateway answered {answer.status}")
        except BaseException as failure:  # noqa: BLE001 - told to whoever waits
            failures.append(failure)

    threads = [threading.Thread(target=send, args=(bodies,)) for bodies in ready]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return time.perf_counter() - began


def _in_topic(settings: Settings) -> int:
    """Records of the topic that the events go to."""
    consumer = KafkaClients(settings).tool_consumer()
    try:
        places = [TopicPartition(EMAIL_EVENTS, number) for number in consumer.partitions_for_topic(EMAIL_EVENTS) or ()]
        return int(sum(consumer.end_offsets(places).values()))
    finally:
        consumer.close()
