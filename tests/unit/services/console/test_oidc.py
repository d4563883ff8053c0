"""Tokens and keys of a provider, a server on loopback that makes what a test says; tests/browser has a real one."""

import hmac
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from redis.asyncio import Redis

from streams.platform.errors import Unusable
from streams.platform.settings import Settings
from streams.services.console.oidc import KEYS_AGAIN_S, Begun, OidcFailed, Provider, provider_of

ORIGIN = "https://console.test"
BEGUN = Begun("s", "v" * 64, "of this sign-in", 1 << 60)


@dataclass(slots=True)
class Issuer:
    """A provider. `keys`: what it tells of them; `signs`: the key of its tokens; `told`: how often it told its keys.

    `claims`: what its tokens say otherwise, nothing of what is None; `token`: given in the place of one.
    """

    signs: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "1"}))
    keys: Any = None
    url: str = ""
    told: int = 0
    claims: dict[str, object] = field(default_factory=dict)
    token: str = ""

    def __post_init__(self) -> None:
        self.keys = KeySet([self.signs]).as_dict(private=False)

    def rotate(self, *, tells: bool = True) -> None:
        """Sign with another key from now on. `tells`: it is among the keys."""
        self.signs = ECKey.generate_key("P-256", {"kid": "2"})
        if tells:
            self.keys = KeySet([self.signs]).as_dict(private=False)

    def said(self) -> dict[str, Any]:
        """What a token says."""
        now = int(time.time())
        own = {"iss": self.url, "aud": "console", "sub": "7", "iat": now, "exp": now + 60, "nonce": BEGUN.nonce}
        return {name: value for name, value in {**own, **self.claims}.items() if value is not None}

    def signed(self) -> str:
        return jwt.encode({"alg": "ES256", "kid": self.signs.kid}, self.said(), self.signs)

    def answer(self, path: str) -> Any:
        if path == "/keys":
            self.told += 1
            return self.keys
        if path == "/token":
            return {"access_token": "a", "token_type": "Bearer", "id_token": self.token or self.signed()}
        places = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
        return {"issuer": self.url, **{name: self.url + place for name, place in places.items()}}


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    one = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = orjson.dumps(one.answer(self.path))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Say nothing of each request."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        one.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield one
        server.shutdown()


class Seconds:
    """A clock that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def provider_at(issuer: Issuer, clock: Seconds) -> Provider:
    settings = Settings(console_oidc_issuer=issuer.url, console_oidc_client="console")
    return Provider(settings, "console", Redis(), lambda: 0, clock)


async def test_a_key_that_is_new_is_asked_for_and_signs_people_in(issuer: Issuer) -> None:
    clock = Seconds()
    provider = provider_at(issuer, clock)
    assert await provider.finish(ORIGIN, BEGUN, "code") == "7"
    issuer.rotate()
    clock.now += KEYS_AGAIN_S
    assert await provider.finish(ORIGIN, BEGUN, "code") == "7"
    assert issuer.told == 2


async def test_a_key_that_nobody_knows_is_asked_for_once_a_minute(issuer: Issuer) -> None:
    clock = Seconds()
    provider = provider_at(issuer, clock)
    issuer.rotate(tells=False)
    for _ in range(3):
        with pytest.raises(OidcFailed, match="not among its keys"):
            await provider.finish(ORIGIN, BEGUN, "code")
    assert issuer.told == 1
    clock.now += KEYS_AGAIN_S
    for _ in range(3):
        with pytest.raises(OidcFailed, match="not among its keys"):
            await provider.finish(ORIGIN, BEGUN, "code")
    assert issuer.told == 2


@pytest.mark.parametrize(
    "keys", [{}, {"keys": []}, {"keys": None}, [], None, {"keys": [{"kty": "RSA"}]}, {"keys": [7]}]
)
async def test_what_is_no_set_of_keys_is_a_failure_of_the_provider_and_is_not_remembered(
    issuer: Issuer, keys: Any
) -> None:
    provider = provider_at(issuer, Seconds())
    good, issuer.keys = issuer.keys, keys
    with pytest.raises(OidcFailed, match="no set of keys"):
        await provider.finish(ORIGIN, BEGUN, "code")
    issuer.keys = good
    assert await provider.finish(ORIGIN, BEGUN, "code") == "7"


async def test_a_token_for_several_names_its_subject(issuer: Issuer) -> None:
    issuer.claims = {"aud": ["console", "other"], "azp": "console"}
    assert await provider_at(issuer, Seconds()).finish(ORIGIN, BEGUN, "code") == "7"


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
async def test_a_token_for_somebody_or_something_else_signs_nobody_in(
    issuer: Issuer, others: dict[str, object]
) -> None:
    issuer.claims = others
    with pytest.raises(OidcFailed):
        await provider_at(issuer, Seconds()).finish(ORIGIN, BEGUN, "code")


def _encoded(part: dict[str, Any]) -> bytes:
    return urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=")


def by_the_public_key(issuer: Issuer) -> str:
    """A token that has the public key as the secret of its signature."""
    said = b".".join(_encoded(part) for part in ({"alg": "HS256", "kid": "1"}, issuer.said()))
    signature = hmac.digest(issuer.signs.as_pem(private=False), said, "sha256")
    return b".".join((said, urlsafe_b64encode(signature).rstrip(b"="))).decode()


def by_another_key(issuer: Issuer) -> str:
    return replace(issuer, signs=ECKey.generate_key("P-256", {"kid": "1"})).signed()


@pytest.mark.parametrize(
    "forged", [by_the_public_key, by_another_key, *("x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiI3In0.")]
)
async def test_what_is_no_token_of_the_provider_signs_nobody_in(
    issuer: Issuer, forged: str | Callable[[Issuer], str]
) -> None:
    issuer.token = forged if isinstance(forged, str) else forged(issuer)
    with pytest.raises(OidcFailed):
        await provider_at(issuer, Seconds()).finish(ORIGIN, BEGUN, "code")


def test_a_provider_without_a_client_is_refused_at_the_start() -> None:
    with pytest.raises(Unusable, match="HARMONIA_CONSOLE_OIDC_CLIENT"):
        provider_of(Settings(console_oidc_issuer="https://id.example.org"), Redis(), lambda: 0)
    assert provider_of(Settings(), Redis(), lambda: 0) is None
