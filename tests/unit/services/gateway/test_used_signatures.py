"""A signature that says too little of its body is good for one body, as long as it is remembered."""

from pathlib import Path
from urllib.parse import urlencode

import orjson
import pytest
from aiokafka.errors import KafkaConnectionError

from events.adapters.values import object_at
from streams.services.gateway.signatures import ReusableSignature, UsedSignatures
from tests.unit.services.gateway.in_process import Gateway, Header
from tests.unit.services.gateway.keys import by_mailgun, by_twilio
from tests.unit.services.gateway.test_requests import login

NOW_S = 1_764_000_000
URL = "https://hooks.example.org/v1/hooks/twilio"
HOOKS = f"""
[hooks.mailgun]
source = "digital/mailgun"
secrets = ["env:KEY"]
[hooks.guarded]
vendor = "mailgun"
source = "digital/mailgun"
secrets = ["env:KEY"]
login = ["env:LOGIN"]
[hooks.twilio]
source = "field/twilio"
secrets = ["env:KEY"]
url = "{URL}"
"""
SECRETS = {"KEY": "s", "LOGIN": "tool:hush"}


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    return Gateway(tmp_path, HOOKS, SECRETS, NOW_S * 1_000)


def opened(who: str, token: str = "0011") -> bytes:
    event = {"event": "unsubscribed", "timestamp": NOW_S, "recipient": who}
    return by_mailgun({"event-data": event}, NOW_S, "s", token)


async def status(gateway: Gateway, hook: str, body: bytes, *headers: Header) -> int:
    return (await gateway.ask(f"/v1/hooks/{hook}", body, headers)).status


def named(gateway: Gateway) -> set[str]:
    return {str(object_at(one, "data", "contact").get("email")) for one in gateway.said}


async def test_a_signature_of_mailgun_is_good_for_one_body(gateway: Gateway) -> None:
    ada, bob = opened("ada@example.org"), opened("bob@example.org")

    assert await status(gateway, "mailgun", ada) == 204
    assert await status(gateway, "mailgun", bob) == 401
    assert await status(gateway, "mailgun", ada) == 204
    assert await status(gateway, "mailgun", opened("bob@example.org", "0012")) == 204

    assert gateway.registry.get_sample_value("harmonia_gateway_unproven_total", {"hook": "mailgun", "why": "used"}) == 1


async def test_a_used_signature_of_mailgun_is_known_where_timestamp_and_token_are_cut_elsewhere(
    gateway: Gateway,
) -> None:
    assert await status(gateway, "mailgun", opened("ada@example.org", "11")) == 204

    cut = orjson.loads(opened("bob@example.org", "11"))
    cut["signature"] |= {"timestamp": f"{NOW_S}1", "token": "1"}
    assert await status(gateway, "mailgun", orjson.dumps(cut)) == 401
    assert named(gateway) == {"ada@example.org"}


async def test_a_request_that_kafka_did_not_take_uses_up_no_signature(gateway: Gateway) -> None:
    gateway.kept.trouble.append(KafkaConnectionError())
    ada, otherwise = opened("ada@example.org"), opened(" ada@example.org")

    assert await status(gateway, "mailgun", ada) == 503
    assert await status(gateway, "mailgun", otherwise) == 204
    gateway.kept.trouble.append(KafkaConnectionError())
    assert await status(gateway, "mailgun", otherwise) == 503
    assert await status(gateway, "mailgun", opened("bob@example.org")) == 401


async def test_fields_of_twilio_cannot_be_cut_anew(gateway: Gateway) -> None:
    """Names and values are signed without a line between them, so a text could be made into fields."""
    fields = {
        "Body": "hiFrom+12025550100MessageSidSM9Z",
        "From": "+12025550199",
        "MessageSid": "SM1",
        "To": "+12025550111",
    }
    headers = [(name.encode(), value.encode()) for name, value in by_twilio(URL, fields, "s").items()]
    tail = "From+12025550199MessageSidSM1To+12025550111"
    cut = {"Body": "hi", "From": "+12025550100", "MessageSid": "SM9", "Z": tail}

    assert await status(gateway, "twilio", urlencode(fields).encode(), *headers) == 204
    assert await status(gateway, "twilio", urlencode(cut).encode(), *headers) == 401
    assert await status(gateway, "twilio", urlencode(fields).encode(), *headers) == 204


async def test_a_vendor_that_signs_may_have_to_show_a_login_besides(gateway: Gateway) -> None:
    body = opened("ada@example.org")

    assert await status(gateway, "guarded", body) == 401
    assert await status(gateway, "guarded", body, login(b"tool:other")) == 401
    assert await status(gateway, "guarded", b"{}", login(b"tool:hush")) == 401
    assert await status(gateway, "guarded", body, login(b"tool:hush")) == 204


def seal(number: int) -> ReusableSignature:
    return ReusableSignature(b"%d" % number, number)


def test_signatures_as_old_as_forgotten_ones_are_refused() -> None:
    seals = UsedSignatures(most=10)
    for number in range(1, 100):
        assert seals.take(seal(number), b"body") == "first"

    answers = [seals.take(seal(number), b"another") for number in range(1, 100)]
    assert set(answers) == {"stale", "used"}
    assert answers.count("used") >= 5
    assert seals.take(ReusableSignature(b"never seen", 50), b"body") == "stale"
    assert seals.take(seal(100), b"body") == "first"


def test_a_signature_that_comes_late_is_taken_where_it_cannot_have_been_used() -> None:
    seals = UsedSignatures(most=10)
    for number in range(100, 105):
        assert seals.take(seal(number), b"body") == "first"

    assert seals.take(seal(1), b"body") == "first"
    assert seals.take(seal(1), b"another") == "used"
