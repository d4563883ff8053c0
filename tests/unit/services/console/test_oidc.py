"""Who signs in: tokens of a provider, the file of people, and what is refused before."""

import hashlib
import hmac
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from starlette.types import ASGIApp

from streams.platform.errors import Unusable
from streams.platform.settings import Settings
from streams.services.api.bodies import BodyReader
from streams.services.api.connection_limits import LimitedConnection
from streams.services.console.metrics import ConsoleMetrics
from streams.services.console.oidc import KEYS_AGAIN_S, Begun, OidcFailed, Provider, provider_of
from streams.services.console.people import read_people
from streams.services.console.rights import Scope
from streams.services.console.security import MOST_BYTES, with_headers
from tests.unit.services.api.serving import serving

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


# What the console refuses of a request before anything of it is looked at.
@pytest.fixture
def app() -> ASGIApp:
    """An application that answers with how long a field of the form is."""
    app = FastAPI()

    @app.post("/form")
    async def form(request: Request) -> PlainTextResponse:
        return PlainTextResponse(str(len(str((await request.form())["a"]))))

    return with_headers(app, ConsoleMetrics(CollectorRegistry()), ORIGIN, BodyReader(patience_s=0.2))


async def _in_pieces(size: int) -> AsyncIterator[bytes]:
    yield b"a="
    for _ in range(size // 1024):
        yield b"x" * 1024


async def _post(app: ASGIApp, size: int) -> httpx.Response:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as client:
        return await client.post("/form", content=_in_pieces(size), headers=kind)


async def test_a_form_in_pieces_arrives_whole(app: ASGIApp) -> None:
    answer = await _post(app, MOST_BYTES - 1024)
    assert (answer.status_code, answer.text) == (200, str(MOST_BYTES - 1024))


async def test_a_form_that_is_too_large_is_refused_before_it_is_held_in_memory(app: ASGIApp) -> None:
    answer = await _post(app, MOST_BYTES)
    assert answer.status_code == 413
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


async def test_a_compressed_form_is_refused(app: ASGIApp) -> None:
    headers = {"Content-Encoding": "gzip"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as client:
        assert (await client.post("/form", content=b"x", headers=headers)).status_code == 415


async def test_a_form_that_is_half_sent_is_closed_after_a_time(app: ASGIApp) -> None:
    """Nobody has signed in to send it, so strangers could else hold as many connections as there are."""
    async with serving(LimitedConnection, app) as site:
        line = await site.line()
        line.say(b"POST /form HTTP/1.1\r\nhost: console.test\r\ncontent-length: 100\r\n\r\ntoken=")
        assert await line.status() == b"408"
        assert await line.is_ended()


DIGEST = hashlib.sha256(b"secret").hexdigest()


def _file(folder: Path, text: str) -> Path:
    file = folder / "people.toml"
    file.write_text(text)
    return file


def test_people_are_found_by_token_and_by_subject(tmp_path: Path) -> None:
    people = read_people(
        _file(
            tmp_path,
            f'[people.ada]\ntoken = "{DIGEST}"\nroles = ["field"]\nregions = ["US-OH"]\nlanguage = "fr"\n'
            '[people.bob]\noidc = "u-1"\nroles = ["privacy", "operations"]\n',
        )
    )
    ada, bob = people.by_token("secret"), people.by_subject("u-1")
    assert ada is not None
    assert (ada.name, ada.language) == ("ada", "fr")
    assert ada.roles == {"field"}
    assert ada.scope == Scope(regions=frozenset({"US-OH"}))
    assert bob is not None
    assert bob.roles == {"privacy", "operations"}
    assert people.by_token("") is people.by_token("other") is people.by_subject("") is None


def test_without_a_file_there_is_nobody() -> None:
    assert not read_people(None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("people = 3", "give a table"),
        ("[others.x]\n", "give a table"),
        ("[people.ada", "is not TOML"),
        ('[people.ada]\nroles = ["field"]', "can never sign in"),
        (f'[people.ada]\ntoken = "{DIGEST[:-1]}"\nroles = ["field"]', "64 hexadecimal digits"),
        (f'[people.ada]\ntoken = "{hashlib.sha256(b"").hexdigest()}"\nroles = ["field"]', "of an empty one"),
        (f'[people.ada]\ntoken = "{DIGEST}"', "roles: give a list of some of figures"),
        (f'[people.ada]\ntoken = "{DIGEST}"\nroles = ["boss"]', "roles: give a list of some of figures"),
        (f'[people.ada]\ntoken = "{DIGEST}"\nroles = ["field"]\nregions = "US-OH"', "regions: give a list"),
        (f'[people.ada]\ntoken = "{DIGEST}"\nroles = ["field"]\nlanguage = "de"', "language: give one of en, fr"),
        (f'[people.ada]\ntoken = "{DIGEST}"\nroles = ["field"]\nregion = ["US-OH"]', "unknown key 'region'"),
        ('[people."a b"]\noidc = "x"\nroles = ["field"]', "is no name"),
        ('[people.a]\noidc = "x"\nroles = ["field"]\n[people.b]\noidc = "x"\nroles = ["field"]', "same oidc"),
    ],
)
def test_a_mistake_is_named_with_its_cure_and_without_any_hash(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(Unusable, match="HARMONIA_CONSOLE_PEOPLE") as caught:
        read_people(_file(tmp_path, text))
    assert told in str(caught.value)
    assert DIGEST[:-1] not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="cannot be read"):
        read_people(tmp_path / "none.toml")
