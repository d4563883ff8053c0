"""The gateway on a real Kafka: what is answered well is in the topic, whatever happens to the broker meanwhile."""

import signal
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import orjson
import pytest
from kafka import KafkaConsumer

from events.topics import DEAD_LETTERS, EMAIL_EVENTS
from streams.local.kafka import start_kafka
from streams.local.stack import Stack, local_stack, say_nothing
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topic_reading import records_of
from streams.platform.topics import create_topics
from tests.chaos.site import kill
from tests.integration.command import on
from tests.integration.gateway_process import BATCH, EVENT, Gateway, running_gateway
from tests.integration.said import fresh
from tests.integration.waiting import until

OUTAGE_S = 3.0
SENDERS = 4


@pytest.fixture(scope="module")
def frail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Stack]]:
    """Servers of its own, with topics; the broker may be killed."""
    home = tmp_path_factory.mktemp("frail")
    with local_stack(home) as stack:
        settings = Settings.model_validate(stack.environment)
        admin = KafkaClients(settings).admin()
        create_topics(admin, settings)
        admin.close()
        yield home, stack


@pytest.fixture(scope="module")
def gateway(frail: tuple[Path, Stack], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running_gateway(tmp_path_factory.mktemp("gateway"), on(frail[1])) as running:
        yield running


def consumer_of(stack: Stack) -> KafkaConsumer:
    return KafkaClients(Settings.model_validate(stack.environment)).tool_consumer()


def values_in(stack: Stack, topic: str, mark: bytes) -> list[bytes]:
    consumer = consumer_of(stack)
    try:
        return [record.value for record in records_of(consumer, topic) if mark in (record.value or b"")]
    finally:
        consumer.close()


def opens(mark: str, first: int, many: int = 100) -> bytes:
    return orjson.dumps(
        [
            {
                "event": "open",
                "email": f"{mark}-{number}@example.org",
                "timestamp": 1_764_000_000,
                "sg_message_id": f"{mark}-{number}",
            }
            for number in range(first, first + many)
        ]
    )


def event(source: str = "digital/site", type_: str = "form.submitted", **data: object) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": fresh(),
        "source": source,
        "type": type_,
        "time": "2025-11-24T16:00:00Z",
        "data": {"contact": {"email": "ada@example.org"}, "form_id": "f"} | data,
    }


def test_a_webhook_is_in_the_topic_when_it_is_answered(gateway: Gateway, frail: tuple[Path, Stack]) -> None:
    mark = fresh()
    body = opens(mark, 0, 3)[:-1] + b',{"event":"teleported","mark":"' + mark.encode() + b'"}]'

    assert gateway.send("/v1/hooks/sendgrid", body) == (204, b"")

    assert len(values_in(frail[1], EMAIL_EVENTS, mark.encode())) == 3
    assert values_in(frail[1], DEAD_LETTERS, mark.encode()) == [
        b'{"event":"teleported","mark":"' + mark.encode() + b'"}'
    ]


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/v1/hooks/nobody", b"[]", {}, 404),
        ("/v1/hooks/sendgrid", b"[]", {"Authorization": "Basic d3Jvbmc6b25l"}, 401),
        ("/v1/hooks/sendgrid", b"x" * ((8 << 20) + 1), {}, 413),
        ("/v1/events", b"{}", {"Content_Type": EVENT}, 401),
        ("/v1/events", b"{}", {"Content_Type": EVENT, "Authorization": "Bearer reader"}, 403),
        ("/v1/events", b"{}", {"Content_Type": "text/plain", "Authorization": "Bearer secret"}, 415),
        ("/v1/events", b"{}", {"Content_Type": EVENT, "Authorization": "Bearer secret"}, 422),
    ],
)
def test_what_cannot_be_taken(gateway: Gateway, path: str, body: bytes, headers: dict[str, str], status: int) -> None:
    answered, said = gateway.send(path, body, **headers)

    assert answered == status
    assert orjson.loads(said)["status"] == status


def test_events_of_producers_without_kafka(gateway: Gateway, frail: tuple[Path, Stack]) -> None:
    mark = fresh()
    said = [event(form_id=mark), event(source="finance/site"), event(form_id=None), event("digital/x", form_id=mark)]

    status, body = gateway.send("/v1/events", orjson.dumps(said), Content_Type=BATCH, Authorization="Bearer secret")

    answer = orjson.loads(body)
    assert (status, answer["accepted"]) == (200, 2)
    assert [(one["index"], one["reason"]) for one in answer["refused"]] == [(1, "invalid_data"), (2, "invalid_data")]
    assert len(values_in(frail[1], "outreach-events", mark.encode())) == 2


def test_an_event_in_binary_mode_and_alone(gateway: Gateway, frail: tuple[Path, Stack]) -> None:
    mark = fresh()
    one = event(form_id=mark)
    attributes = {f"ce_{name}": str(value) for name, value in one.items() if name != "data"}

    binary = gateway.send(
        "/v1/events",
        orjson.dumps(one["data"]),
        Content_Type="application/json",
        Authorization="Bearer secret",
        **attributes,
    )
    alone = gateway.send(
        "/v1/events", orjson.dumps(event(form_id=mark)), Content_Type=EVENT, Authorization="Bearer secret"
    )

    assert [binary[0], alone[0]] == [200, 200]
    assert len(values_in(frail[1], "outreach-events", mark.encode())) == 2


def test_a_field_that_no_type_has_is_taken_told_and_counted(gateway: Gateway) -> None:
    good, odd = event(form_id=fresh()), event(form_id=fresh(), campain_id="gotv-1")

    status, body = gateway.send(
        "/v1/events", orjson.dumps([good, odd]), Content_Type=BATCH, Authorization="Bearer secret"
    )

    answer = orjson.loads(body)
    assert (status, answer["accepted"], answer["refused"]) == (200, 2, [])
    [warning] = answer["warnings"]
    assert (warning["index"], warning["field"]) == (1, "data.campain_id")
    assert "did you mean campaign_id?" in warning["detail"]
    with urllib.request.urlopen(gateway.metrics, timeout=60) as answered:
        assert b'harmonia_gateway_unknown_fields_total{type="form.submitted"}' in answered.read()


def test_what_is_answered_well_outlives_the_broker(gateway: Gateway, frail: tuple[Path, Stack]) -> None:
    """Senders go on while the broker is killed and comes back; each tries again until it is answered 204."""
    home, stack = frail
    mark, stop = fresh(), Event()
    answers: Counter[int] = Counter()

    def send(sender: int) -> set[str]:
        taken: set[str] = set()
        with gateway.line() as line:
            number = 0
            while not stop.is_set():
                status, _ = line.send("/v1/hooks/sendgrid", opens(f"{mark}-{sender}", number, 20))
                answers[status] += 1
                if status == 204:
                    taken |= {f"{mark}-{sender}-{one}" for one in range(number, number + 20)}
                    number += 20
        return taken

    with ThreadPoolExecutor(SENDERS) as senders:
        sending = [senders.submit(send, number) for number in range(SENDERS)]
        try:
            until(lambda: answers[204] > 20, "answers")
            kill(home / "kafka", signal.SIGKILL)
            away = time.monotonic()
            until(lambda: time.monotonic() - away > OUTAGE_S, "the time without a broker")
            start_kafka(home / "kafka", say_nothing)
            before = answers[204]
            until(lambda: answers[204] > before + 20, "answers again")
        finally:
            stop.set()
        taken = set().union(*(one.result(60) for one in sending))

    events = [orjson.loads(value) for value in values_in(stack, EMAIL_EVENTS, mark.encode())]
    named = {one["data"]["message_id"] for one in events}
    assert taken <= named
    assert len({(one["source"], one["id"]) for one in events}) == len(named)
    assert set(answers) <= {204, 503}


def test_metrics_count_and_name_nobody(gateway: Gateway) -> None:
    gateway.send("/v1/hooks/sendgrid", opens(fresh(), 0, 2))
    with urllib.request.urlopen(gateway.metrics, timeout=60) as answer:
        said = answer.read().decode()

    assert 'harmonia_gateway_requests_total{hook="sendgrid",status="204"}' in said
    assert 'harmonia_gateway_events_total{hook="sendgrid",outcome="accepted"}' in said
    assert "example.org" not in said
    assert "example.org" not in gateway.log.read_text()
