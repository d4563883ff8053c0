import base64
import time

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from streams.domain.delivery.signing import key_of, signed_headers, webhook_id

NEW = f"whsec_{base64.b64encode(b'n' * 24).decode()}"
OLD = f"whsec_{base64.b64encode(b'o' * 64).decode()}"
BODY = '{"type": "contact.alert", "data": "Zürich"}'.encode()


def headers_of(*secrets: str, now: int | None = None) -> dict[str, str]:
    keys = [key for secret in secrets if (key := key_of(secret))]
    return signed_headers("msg_1", int(time.time() * 1000) if now is None else now, BODY, keys)


@pytest.mark.parametrize("secret", [NEW, OLD])
def test_the_reference_library_takes_either_secret_while_they_are_rotated(secret: str) -> None:
    assert Webhook(secret).verify(BODY, headers_of(NEW, OLD)) == {"type": "contact.alert", "data": "Zürich"}


def test_the_reference_library_refuses_another_secret_and_another_body() -> None:
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD).verify(BODY, headers_of(NEW))
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(BODY + b" ", headers_of(NEW))


def test_the_example_of_the_specification_is_signed_alike() -> None:
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert key is not None
    signed = signed_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330_000, b'{"test": 2432232314}', [key])
    assert signed["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_abc", "whsec_!!!!", NEW[6:], f"whsec_{'A' * 28}"])
def test_a_secret_that_is_none_or_too_short_has_no_key(secret: str) -> None:
    assert key_of(secret) is None


def test_an_id_is_that_of_a_place_and_of_no_other() -> None:
    places = [
        ("e", "t", 0, 1),
        ("e", "t", 1, 1),
        ("e", "u", 0, 1),
        ("f", "t", 0, 1),
        ("e", "t", 0, 11),
        ("e", "t", 1, 0),
    ]
    assert len({webhook_id(*place) for place in places}) == len(places)
    assert webhook_id(*places[0]) == webhook_id(*places[0])
