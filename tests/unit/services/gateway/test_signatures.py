"""Each way to prove where a webhook is from: right, missing, wrong, too old; and two secrets while one is changed."""

import base64
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.services.gateway.signatures import CHECKS, MOST_FORM_BYTES, ValidSecrets, WebhookRequest
from tests.unit.services.gateway.keys import EC_KEY, OTHER_EC_KEY, by_mailgun, by_sendgrid, by_twilio, shown

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
