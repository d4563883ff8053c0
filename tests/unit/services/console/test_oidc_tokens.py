"""Tokens of a provider that must sign nobody in; a whole sign-in by a real provider is in tests/browser."""

import hmac
import time
from base64 import urlsafe_b64encode
from typing import Any, cast

import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from redis.asyncio import Redis

from streams.platform.errors import Unusable
from streams.platform.settings import Settings
from streams.services.console.oidc import OidcFailed, Provider, _Discovered, provider_of

ISSUER = "https://id.example.org"
KEY, OTHER = RSAKey.generate_key(2048, {"kid": "1"}), RSAKey.generate_key(2048, {"kid": "1"})
DISCOVERED = _Discovered("a", "t", cast(Any, KeySet([KEY]).as_dict(private=False)), 0.0)
SETTINGS = Settings(console_oidc_issuer=ISSUER, console_oidc_client="console")
NONCE = "of this sign-in"


def _claims(**others: object) -> dict[str, Any]:
    now = int(time.time())
    said = {"iss": ISSUER, "aud": "console", "sub": "7", "iat": now, "exp": now + 60, "nonce": NONCE}
    return {name: value for name, value in {**said, **others}.items() if value is not None}


def _subject(token: str) -> str:
    provider = Provider(SETTINGS, "console", Redis(), lambda: 0)
    return provider._subject(token, DISCOVERED, NONCE)


def _signed(claims: dict[str, Any], key: RSAKey = KEY) -> str:
    return jwt.encode({"alg": "RS256", "kid": "1"}, claims, key)


def test_a_token_of_the_provider_names_its_subject() -> None:
    assert _subject(_signed(_claims())) == "7"
    assert _subject(_signed(_claims(aud=["console", "other"], azp="console"))) == "7"


@pytest.mark.parametrize(
    "others",
    [
        {"iss": "https://evil.example"},
        {"aud": "other"},
        {"aud": None},
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"sub": None},
        {"exp": 1_700_000_000},
        {"exp": None},
        {"azp": "other"},
    ],
    ids=str,
)
def test_a_token_for_somebody_or_something_else_signs_nobody_in(others: dict[str, object]) -> None:
    with pytest.raises(OidcFailed):
        _subject(_signed(_claims(**others)))


def test_a_token_that_another_key_signed_signs_nobody_in() -> None:
    with pytest.raises(OidcFailed):
        _subject(_signed(_claims(), OTHER))


def test_a_token_that_was_signed_with_the_public_key_as_a_secret_signs_nobody_in() -> None:
    said = b".".join(_encoded(part) for part in ({"alg": "HS256", "kid": "1"}, _claims()))
    signature = hmac.digest(KEY.as_pem(private=False), said, "sha256")
    with pytest.raises(OidcFailed):
        _subject(b".".join((said, urlsafe_b64encode(signature).rstrip(b"="))).decode())


def _encoded(part: dict[str, Any]) -> bytes:
    return urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiI3In0."])
def test_what_is_no_token_signs_nobody_in(token: str) -> None:
    with pytest.raises(OidcFailed):
        _subject(token)


def test_a_provider_without_a_client_is_refused_at_the_start() -> None:
    with pytest.raises(Unusable, match="HARMONIA_CONSOLE_OIDC_CLIENT"):
        provider_of(Settings(console_oidc_issuer=ISSUER), Redis(), lambda: 0)
    assert provider_of(Settings(), Redis(), lambda: 0) is None
