"""Signing in by an OpenID Connect provider: the authorization code flow with PKCE, `state` and `nonce`.

What is remembered between the two redirects is in a cookie of the browser that began, encrypted, for ten minutes: so
nobody can be signed in by a link that another browser began, and beginning over and over fills no memory. Its key is in
Redis, the same for all consoles. Needs the extra `oidc`.
"""

from __future__ import annotations

import logging
import secrets
import ssl
import time
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from sinks.redis_call import Backoff, call_redis
from streams.platform.errors import Unusable
from streams.platform.settings import Settings

if TYPE_CHECKING:
    from authlib.integrations.httpx_client import AsyncOAuth2Client
    from joserfc.jwk import KeySet
    from redis.asyncio import Redis

logger = logging.getLogger(__name__)

COOKIE = "__Host-harmonia-oidc"
KEY = "console:oidc-key"
"""The key in Redis of the key that cookies are encrypted with, made by the first sign-in."""
BEGUN_S = 600
KEY_BYTES = 32
LIMIT_S = 10.0
DISCOVERED_S = 3600.0
KEYS_AGAIN_S = 60.0
"""Seconds after which the provider is asked for its keys anew where a token names one that is not among them."""
BACK = "/signin/oidc/back"
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")


class OidcFailed(Exception):
    """Nobody was signed in. The text is for the log, and has no token and no code in it."""


class _UnknownKey(OidcFailed):
    """A token is signed with a key that is not among the provider's, as far as they are known."""


class Begun(msgspec.Struct, frozen=True):
    """A sign-in that the provider is asked for. `until`: when it is too late to finish it, ms since 1970."""

    state: str
    verifier: str
    nonce: str
    until: int


class _Discovered(msgspec.Struct, frozen=True):
    """What the provider says of itself; `at`: when, by a monotonic clock."""

    authorize: str
    token: str
    keys: Any
    at: float


class Provider:
    """The provider of these settings. Raises `Unusable` where the extra `oidc` is not installed.

    `wall`: what time it is, ms since 1970; `monotonic`: seconds that only grow.
    """

    def __init__(
        self,
        settings: Settings,
        client_id: str,
        redis: Redis,
        wall: Callable[[], int],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        try:
            from authlib.deprecate import AuthlibDeprecationWarning  # noqa: PLC0415 (an extra)

            warnings.simplefilter("ignore", AuthlibDeprecationWarning)  # it asks for the successor of httpx
            import authlib.integrations.httpx_client  # noqa: F401, PLC0415 (an extra)
            import joserfc  # noqa: F401, PLC0415 (an extra)
        except ImportError:
            raise Unusable(
                "HARMONIA_CONSOLE_OIDC_ISSUER is set, and the extra `oidc` is not installed: install harmonia[oidc]"
            ) from None
        self._issuer = settings.console_oidc_issuer
        self._client_id = client_id
        secret = settings.console_oidc_secret
        self._secret = "" if secret is None else secret.get_secret_value()
        self._redis = redis
        self._wall = wall
        self._monotonic = monotonic
        self._backoff = Backoff()
        self._known: _Discovered | None = None

    async def begin(self, origin: str) -> tuple[str, str]:
        """Where the browser is to go, and the value of its cookie. Raises OidcFailed, SinkUnavailable."""
        known = await self._discover()
        random = secrets.token_urlsafe
        begun = Begun(random(32), random(64), random(32), self._wall() + 1000 * BEGUN_S)
        async with self._client(origin + BACK) as client:
            url, _ = client.create_authorization_url(
                known.authorize, state=begun.state, code_verifier=begun.verifier, nonce=begun.nonce
            )
        return url, _sealed(begun, await self._key())

    async def begun(self, cookie: str, state: str) -> Begun:
        """The sign-in that this browser began. Raises OidcFailed, SinkUnavailable.

        `cookie`: of the browser that comes back; `state`: what it brings from the provider.
        """
        found = _opened(cookie, await self._key()) if cookie else None
        if found is None or not secrets.compare_digest(found.state.encode(), state.encode(errors="replace")):
            raise OidcFailed("another browser began it, or nobody did")
        if found.until < self._wall():
            raise OidcFailed("it was begun more than ten minutes ago")
        return found

    async def finish(self, origin: str, begun: Begun, code: str) -> str:
        """The subject whom the provider names. `code`: what the browser brings from it. Raises OidcFailed."""
        known = await self._discover()
        id_token = await self._id_token(known, begun, origin + BACK, code)
        try:
            return self._subject(id_token, known, begun.nonce)
        except _UnknownKey:
            if self._monotonic() - known.at < KEYS_AGAIN_S:
                raise
            self._known = None
            return self._subject(id_token, await self._discover(), begun.nonce)

    async def _key(self) -> bytes:
        """The key of cookies, which every console of this Redis has."""
        async with self._redis.pipeline(transaction=True) as calls:
            calls.set(KEY, secrets.token_bytes(KEY_BYTES), nx=True)
            calls.get(KEY)
            found = await call_redis(calls.execute(), self._backoff)
        key: bytes = found[1]
        return key

    async def _id_token(self, known: _Discovered, begun: Begun, redirect: str, code: str) -> str:
        from authlib.common.errors import AuthlibBaseError  # noqa: PLC0415 (an extra)
        from httpx import HTTPError  # noqa: PLC0415 (an extra)

        try:
            async with self._client(redirect) as client:
                token = await client.fetch_token(known.token, code=code, code_verifier=begun.verifier)
        except (AuthlibBaseError, HTTPError, ValueError) as error:
            raise OidcFailed(f"the provider gave no token ({type(error).__name__})") from None
        found = token.get("id_token")
        if not isinstance(found, str):
            raise OidcFailed("the provider gave no id_token: has the client the scope openid?")
        return found

    def _subject(self, id_token: str, known: _Discovered, nonce: str) -> str:
        from joserfc import jwt  # noqa: PLC0415 (an extra)
        from joserfc.errors import InvalidKeyIdError, JoseError  # noqa: PLC0415 (an extra)

        registry = jwt.JWTClaimsRegistry(
            leeway=60,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._client_id},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            claims = jwt.decode(id_token, _key_set(known.keys), algorithms=list(ALGORITHMS)).claims
            registry.validate(claims)
        except InvalidKeyIdError:
            raise _UnknownKey("the provider's id_token is signed with a key that is not among its keys") from None
        except (JoseError, ValueError) as error:
            raise OidcFailed(f"the provider's id_token is not valid ({type(error).__name__})") from None
        if claims.get("azp", self._client_id) != self._client_id:
            raise OidcFailed("the provider's id_token was made for another client")
        return str(claims["sub"])

    async def _discover(self) -> _Discovered:
        """The provider's addresses and keys, an hour old at most: keys are rotated."""
        if self._known is not None and self._monotonic() - self._known.at < DISCOVERED_S:
            return self._known
        from httpx import AsyncClient, HTTPError  # noqa: PLC0415 (an extra)

        try:
            async with AsyncClient(timeout=LIMIT_S, verify=ssl.create_default_context()) as client:
                told = (await client.get(f"{self._issuer}/.well-known/openid-configuration")).raise_for_status().json()
                keys = (await client.get(told["jwks_uri"])).raise_for_status().json()
            found = _Discovered(told["authorization_endpoint"], told["token_endpoint"], keys, self._monotonic())
        except (HTTPError, ValueError, KeyError, TypeError) as error:
            raise OidcFailed(f"the issuer does not answer as a provider ({type(error).__name__})") from None
        _key_set(keys)
        if told.get("issuer") != self._issuer:
            raise OidcFailed("HARMONIA_CONSOLE_OIDC_ISSUER is not the issuer's own name for itself")
        self._known = found
        return found

    def _client(self, redirect: str) -> AsyncOAuth2Client:
        from authlib.integrations.httpx_client import AsyncOAuth2Client  # noqa: PLC0415 (an extra)

        return AsyncOAuth2Client(
            self._client_id,
            self._secret or None,
            token_endpoint_auth_method="client_secret_basic" if self._secret else "none",
            scope="openid",
            redirect_uri=redirect,
            code_challenge_method="S256",
            timeout=LIMIT_S,
            verify=ssl.create_default_context(),
        )


def provider_of(settings: Settings, redis: Redis, wall: Callable[[], int]) -> Provider | None:
    """The provider of the settings, None where they name none. Raises `Unusable` for half of one."""
    if not settings.console_oidc_issuer:
        return None
    if not settings.console_oidc_client:
        raise Unusable("HARMONIA_CONSOLE_OIDC_CLIENT must be set where HARMONIA_CONSOLE_OIDC_ISSUER is")
    return Provider(settings, settings.console_oidc_client, redis, wall)


def _key_set(told: Any) -> KeySet:
    """The keys that a provider tells of itself. Raises OidcFailed where they are none."""
    from joserfc.errors import JoseError  # noqa: PLC0415 (an extra)
    from joserfc.jwk import KeySet  # noqa: PLC0415 (an extra)

    try:
        return KeySet.import_key_set(told)
    except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise OidcFailed(f"the provider's jwks_uri has no set of keys ({type(error).__name__})") from None


def _sealed(begun: Begun, key: bytes) -> str:
    """What a cookie says of a sign-in, to whoever has the key."""
    from joserfc import jwe  # noqa: PLC0415 (an extra)
    from joserfc.jwk import OctKey  # noqa: PLC0415 (an extra)

    return jwe.encrypt_compact({"alg": "dir", "enc": "A256GCM"}, msgspec.json.encode(begun), OctKey.import_key(key))


def _opened(cookie: str, key: bytes) -> Begun | None:
    """The sign-in that a cookie speaks of; None: it was made with another key, or by nobody."""
    from joserfc import jwe  # noqa: PLC0415 (an extra)
    from joserfc.errors import JoseError  # noqa: PLC0415 (an extra)
    from joserfc.jwk import OctKey  # noqa: PLC0415 (an extra)

    try:
        found = jwe.decrypt_compact(cookie, OctKey.import_key(key), algorithms=["dir", "A256GCM"])
        return msgspec.json.decode(found.plaintext or b"", type=Begun)
    except (JoseError, ValueError):
        return None
