"""Signing in, and what an account may do."""

import hmac
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import httpx
import orjson
import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import PlainTextResponse
from fastapi.routing import APIRoute
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from markupsafe import Markup
from prometheus_client import CollectorRegistry
from pydantic import ValidationError
from redis.asyncio import Redis
from starlette.types import ASGIApp

from events.console_acts import CONSOLE_ACTS
from streams.platform.errors import Unusable
from streams.platform.settings import Settings
from streams.services.api.bodies import BodyReader
from streams.services.api.connection_limits import LimitedConnection
from streams.services.console.acting.handlers import HANDLERS
from streams.services.console.acts import ACT_SPECS, SPEC_OF, changing, made_anew
from streams.services.console.app import ROUTES
from streams.services.console.dependencies import ConsoleDependencies
from streams.services.console.gate import Console
from streams.services.console.live import Hub
from streams.services.console.metrics import ConsoleMetrics
from streams.services.console.oidc import KEYS_AGAIN_S, Begun, OidcFailed, Provider, provider_of
from streams.services.console.people import People
from streams.services.console.rendering import CSRF_PLACE, ONCE_PLACE, for_reader
from streams.services.console.rights import ROLES_OF
from streams.services.console.security import MOST_BYTES, with_headers
from streams.services.console.signin import Sessions
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


PAGE = (Path(__file__).parents[4] / "docs" / "console.md").read_text()
TEMPLATES = Path("streams/services/console/templates")
CHANGE_NOTHING = {
    "/signin",
    "/signout",
    "/choices",
    "/people",
    "/people/reason",
    "/money/givers",
    "/privacy/reason",
    "/letters/rehearse",
    "/segments/draft",
    "/jobs/cancel",
    "/policy/check",
    "/policy/backtest",
    "/experiments/check",
    "/send/cancel",
}
"""Forms that change nothing but the session of whoever sends them."""


class _NoRedis:
    redis = None


def _routers() -> list[APIRouter]:
    deps = cast(ConsoleDependencies, _NoRedis())
    console = Console(deps, cast(Hub, None), Sessions(cast(Redis, None), People({})), ())
    return [each(console) for each in ROUTES]


def test_every_form_is_sent_to_an_act_or_changes_nothing() -> None:
    routes = [route for router in _routers() for route in router.routes if isinstance(route, APIRoute)]
    taken = [route.path for route in routes if (route.methods or set()) - {"GET", "HEAD"}]
    assert sorted(taken) == sorted({*(spec.path for spec in ACT_SPECS), *CHANGE_NOTHING})


def test_every_act_has_a_name_an_entry_a_function_and_a_role() -> None:
    assert tuple(SPEC_OF) == CONSOLE_ACTS
    assert set(HANDLERS) == set(CONSOLE_ACTS)
    assert all(ROLES_OF[spec.id] == spec.roles for spec in ACT_SPECS)


def test_the_page_of_the_docs_has_the_acts() -> None:
    assert made_anew(PAGE) == PAGE, "run `make schemas`"


def test_a_page_without_a_place_for_the_acts_is_an_error() -> None:
    with pytest.raises(ValueError, match="acts end"):
        made_anew("# The console\n")


def test_the_setting_takes_every_act_and_no_other_word() -> None:
    every = " ".join(CONSOLE_ACTS)
    assert changing(Settings(console_may=every).console_may) == frozenset(CONSOLE_ACTS)
    assert changing(Settings(console_may="").console_may) == frozenset()
    with pytest.raises(ValidationError):
        Settings(console_may="holdlift")


def test_a_deployment_that_names_no_act_may_hold_and_lift_and_nothing_else() -> None:
    assert changing(Settings().console_may) == {"hold", "lift"}


def test_each_form_of_an_act_has_a_key_of_its_own_and_the_token_of_its_reader() -> None:
    text = Markup(f"<i>{CSRF_PLACE}</i><b>{ONCE_PLACE}</b><b>{ONCE_PLACE}</b>")  # nosec B704 (as it is rendered)
    one, other = for_reader(text, "mine"), for_reader(text, "mine")
    assert one.startswith("<i>mine</i><b>")
    keys = {part.partition("</b>")[0] for each in (one, other) for part in each.split("<b>")[1:]}
    assert one.endswith("</b>")
    assert len(keys) == 4


def test_every_form_that_is_sent_to_an_act_has_its_fields() -> None:
    paths = [spec.path for spec in ACT_SPECS]
    for file in TEMPLATES.glob("*.html"):
        for form in file.read_text(encoding="utf-8").split("<form")[1:]:
            head, _, rest = form.partition(">")
            if any(f'"{path}"' in head for path in paths):
                assert "{{ act_fields() }}" in rest.partition("</form>")[0], file.name
