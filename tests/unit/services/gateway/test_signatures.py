"""Signatures of webhooks."""

import base64
from pathlib import Path
from urllib.parse import urlencode

import orjson
import pytest
from aiokafka.errors import KafkaConnectionError
from hypothesis import given
from hypothesis import strategies as st

from events.adapters.values import object_at
from streams.services.gateway.signatures import (
    CHECKS,
    MOST_FORM_BYTES,
    ReusableSignature,
    UsedSignatures,
    ValidSecrets,
    WebhookRequest,
)
from tests.unit.services.gateway.in_process import Gateway, Header
from tests.unit.services.gateway.keys import EC_KEY, OTHER_EC_KEY, by_mailgun, by_sendgrid, by_twilio, shown
from tests.unit.services.gateway.test_requests import login

NOW_S = 1_764_000_000
HOUR_MS = 3_600_000
BODY = b'[{"event":"open"}]'
URL = "https://hooks.example.org/v1/hooks/twilio"


def sent(headers: dict[str, str], body: bytes = BODY, url: str = "") -> WebhookRequest:
    return WebhookRequest(headers, body, NOW_S * 1_000, url)


def proof(*secrets: str) -> ValidSecrets:
    return ValidSecrets(secrets, HOUR_MS)


def basic_of(login: str) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}


def test_basic_auth_takes_any_valid_login_and_refuses_others() -> None:
    check = CHECKS["basic"]
    both = proof("new:secret", "old:secret")
    assert check(sent(basic_of("old:secret")), both) == "right"
    assert check(sent(basic_of("new:secret")), both) == "right"
    assert check(sent(basic_of("new:other")), both) == "wrong"
    assert check(sent({}), both) == "missing"
    assert check(sent({"authorization": "Basic %"}), both) == "wrong"


def test_a_shared_secret_in_a_header_is_verified() -> None:
    check = CHECKS["secret"]
    assert check(sent({"x-harmonia-secret": "s"}), proof("s")) == "right"
    assert check(sent({"authorization": "Bearer s"}), proof("r", "s")) == "right"
    assert check(sent({"x-harmonia-secret": "t"}), proof("s")) == "wrong"
    assert check(sent({"authorization": "Basic s"}), proof("s")) == "missing"


def test_a_signature_of_sendgrid_is_verified() -> None:
    check = CHECKS["sendgrid"]
    key = proof(shown(OTHER_EC_KEY), shown(EC_KEY))
    headers = by_sendgrid(BODY, NOW_S)
    assert check(sent(headers), key) == "right"
    assert check(sent(headers, BODY + b" "), key) == "wrong"
    assert check(sent(by_sendgrid(BODY, NOW_S, OTHER_EC_KEY)), proof(shown(EC_KEY))) == "wrong"
    assert check(sent({}), key) == "missing"
    assert check(sent(by_sendgrid(BODY, NOW_S - 3_601)), key) == "stale"
    assert check(sent(by_sendgrid(BODY, NOW_S + 299)), key) == "right"
    assert check(sent(by_sendgrid(BODY, NOW_S + 301)), key) == "stale"
    moved = headers | {"x-twilio-email-event-webhook-timestamp": str(NOW_S - 1)}
    assert check(sent(moved), key) == "wrong"


def test_a_signature_of_mailgun_is_verified() -> None:
    check = CHECKS["mailgun"]
    event = {"event-data": {"event": "opened"}}
    assert check(sent({}, by_mailgun(event, NOW_S, "s")), proof("r", "s")) == "right"
    assert check(sent({}, by_mailgun(event, NOW_S, "t")), proof("r", "s")) == "wrong"
    assert check(sent({}, by_mailgun(event, NOW_S - 3_601, "s")), proof("s")) == "stale"
    assert check(sent({}, by_mailgun(event, NOW_S + 301, "s")), proof("s")) == "stale"
    assert check(sent({}, b"{}"), proof("s")) == "missing"
    assert check(sent({}, b"\xff"), proof("s")) == "missing"
    assert check(sent({}, b'{"signature":{"token":"\xff"}}'), proof("s")) == "missing"


def test_a_signature_of_twilio_is_verified() -> None:
    check = CHECKS["twilio"]
    fields = {"MessageSid": "SM01", "Body": "", "To": "+12025550100"}
    headers, body = by_twilio(URL, fields, "s"), urlencode(fields).encode()
    assert check(sent(headers, body, URL), proof("r", "s")) == "right"
    assert check(sent(headers, body, URL + "/"), proof("s")) == "wrong"
    assert check(sent(headers, body + b"&x=1", URL), proof("s")) == "wrong"
    assert check(sent({}, body, URL), proof("s")) == "missing"
    long = {"MessageSid": "SM01", "Body": "x" * MOST_FORM_BYTES}
    assert check(sent(by_twilio(URL, long, "s"), urlencode(long).encode(), URL), proof("s")) == "wrong"


@pytest.mark.parametrize("way", CHECKS)
@given(body=st.binary(max_size=60), header=st.text(max_size=60), timestamp=st.text(max_size=12))
def test_an_invented_request_is_neither_verified_nor_an_error(
    way: str, body: bytes, header: str, timestamp: str
) -> None:
    names = ("authorization", "x-harmonia-secret", "x-twilio-signature", "x-twilio-email-event-webhook-signature")
    headers = dict.fromkeys(names, header) | {"x-twilio-email-event-webhook-timestamp": timestamp}

    assert CHECKS[way](sent(headers, body), proof(shown(EC_KEY), "user:a long secret")) in ("missing", "wrong")


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
