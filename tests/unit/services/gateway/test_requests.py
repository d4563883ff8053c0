"""A request to the gateway, from its headers to what is kept of it."""

import asyncio
import base64
from pathlib import Path

import orjson
import pytest

from streams.services.api.bodies import BodyReader
from tests.unit.services.gateway.in_process import Gateway, Header

HOOK = """
[hooks.postmark]
source = "digital/postmark"
secrets = ["env:LOGIN"]
"""
NOW = 1_764_000_000_000


class Name(bytes):
    """The name of a header, which counts how often one is looked at."""

    looks = 0

    def __eq__(self, other: object) -> bool:
        Name.looks += 1
        return super().__eq__(other)

    __hash__ = bytes.__hash__


def login(text: bytes) -> Header:
    return (b"authorization", b"Basic " + base64.b64encode(text))


async def test_headers_are_not_looked_at_again_for_each_of_them(tmp_path: Path) -> None:
    gateway, many = Gateway(tmp_path, HOOK, {"LOGIN": "tool:hush"}, NOW), 1_000

    headers = [(Name(b"x-%d" % number), b"y") for number in range(many)]

    assert (await gateway.ask("/v1/hooks/postmark", headers=headers)).status == 401
    assert Name.looks < 20 * many


async def test_of_a_header_that_is_sent_twice_the_first_counts(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path, HOOK, {"LOGIN": "tool:hush"}, NOW)
    right, wrong = login(b"tool:hush"), login(b"tool:other")

    assert (await gateway.ask("/v1/hooks/postmark", b"[]", [right, wrong])).status == 204
    assert (await gateway.ask("/v1/hooks/postmark", b"[]", [wrong, right])).status == 401


@pytest.mark.parametrize("path", ["/v1/hooks/postmark/", "/v1/events/", "/v1/hooks/"])
async def test_an_address_with_a_slash_too_many_is_not_sent_elsewhere(tmp_path: Path, path: str) -> None:
    gateway = Gateway(tmp_path, HOOK, {"LOGIN": "tool:hush"}, NOW)

    answer = await gateway.ask(path, headers=[(b"host", b"evil.example")])

    assert (answer.status, answer.headers.get("location")) == (404, None)


@pytest.mark.parametrize("kind", [b"application/cloudevents+json", b"application/cloudevents-batch+json"])
async def test_events_of_more_values_than_anybody_sends_are_refused_and_not_built(tmp_path: Path, kind: bytes) -> None:
    gateway = Gateway(tmp_path, HOOK, {"LOGIN": "tool:hush"}, NOW)
    headers = [(b"authorization", b"Bearer secret"), (b"content-type", kind)]

    assert (await gateway.ask("/v1/events", b"[" + b"[]," * 1_000_000 + b"0]", headers)).status == 413
    assert (await gateway.ask("/v1/events", b"[" + b" " * (1 << 20) + b"]", headers)).status in (200, 422)


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v1/hooks/open", [], 503),
        ("/v1/hooks/mailgun", [], 503),
        ("/v1/hooks/postmark", [login(b"tool:hush")], 204),
        ("/v1/hooks/guarded", [login(b"tool:hush")], 401),
        ("/v1/events", [(b"authorization", b"Bearer secret"), (b"content-type", b"application/cloudevents+json")], 422),
    ],
)
async def test_bodies_of_strangers_take_no_room_from_those_who_have_shown_who_they_are(
    tmp_path: Path, path: str, headers: list[Header], status: int
) -> None:
    others = """
[hooks.open]
vendor = "postmark"
auth = "none"
source = "digital/open"
[hooks.mailgun]
source = "digital/mailgun"
secrets = ["env:LOGIN"]
[hooks.guarded]
vendor = "mailgun"
source = "digital/guarded"
secrets = ["env:LOGIN"]
login = ["env:LOGIN"]
"""
    gateway = Gateway(tmp_path, HOOK + others, {"LOGIN": "tool:hush"}, NOW, bodies=BodyReader(at_once=1))

    assert (await gateway.ask(path, b"[ ]", headers)).status == status


async def test_a_webhook_that_its_adapter_cannot_read_is_one_dead_letter_and_is_not_sent_again(tmp_path: Path) -> None:
    file = """
[hooks.mailgun]
auth = "none"
source = "digital/mailgun"
"""
    gateway = Gateway(tmp_path, file, {}, NOW)
    body = orjson.dumps({"event-data": {"event": "rejected", "message": {"headers": {"to": "(" * 1_000}}}})

    assert (await gateway.ask("/v1/hooks/mailgun", body)).status == 204
    (letter,) = gateway.kept.outputs
    assert (letter.topic, letter.value) == ("dead-letters", body)


async def turns_of_others(gateway: Gateway, many: int) -> int:
    """How often something else had its turn while so many events were judged."""
    told = {"specversion": "1.0", "source": "digital/tool", "type": "email.opened", "time": "2025-11-24T16:00:00Z"}
    data = {"contact": {"email": "ada@example.org"}, "message_id": "m-1"}
    events = [told | {"id": f"e-{number}", "data": data} for number in range(many)]
    headers = [(b"authorization", b"Bearer secret"), (b"content-type", b"application/cloudevents-batch+json")]
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    beside = asyncio.create_task(others())
    answer = await gateway.ask("/v1/events", orjson.dumps(events), headers)
    beside.cancel()
    assert orjson.loads(answer.body) == {"accepted": many, "refused": []}
    return turns


async def test_a_large_batch_of_events_gives_other_requests_their_turn(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path, HOOK, {"LOGIN": "tool:hush"}, NOW)

    assert await turns_of_others(gateway, 10_000) - await turns_of_others(gateway, 1) >= 2 * 10_000 // 500 - 2
