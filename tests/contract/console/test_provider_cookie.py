"""What a sign-in by a provider leaves behind: a cookie of the browser, and in Redis one key for all of them."""

import time
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from joserfc.jwk import KeySet, RSAKey
from redis.asyncio import Redis

from streams.platform.settings import Settings
from streams.services.console.oidc import BACK, BEGUN_S, COOKIE, KEY, OidcFailed, Provider, _Discovered
from streams.services.console.signin import TRIES_A_MINUTE
from tests.contract.console.signed_in_console import SignedInConsole

ORIGIN = "https://console.test"
NOW = 1_352_250_000_000
NOBODY = "http://127.0.0.1:1"
"""A provider that has gone away after it was found: it gives no token."""
KEYS = KeySet([RSAKey.generate_key(2048, {"kid": "1"})]).as_dict(private=False)


class Clock:
    """What time it is, ms since 1970."""

    now = NOW

    def __call__(self) -> int:
        return self.now


def provider(redis: Redis, clock: Clock) -> Provider:
    """The provider as one console has it, which has found it already."""
    settings = Settings(console_oidc_issuer=NOBODY)
    made = Provider(settings, "console", redis, clock)
    made._known = _Discovered(f"{NOBODY}/authorize", f"{NOBODY}/token", cast(Any, KEYS), time.monotonic())
    return made


def state_of(url: str) -> str:
    return url.partition("&state=")[2].partition("&")[0]


async def why_failed(one: Provider, cookie: str, state: str) -> str:
    with pytest.raises(OidcFailed) as caught:
        await one.finish(ORIGIN, await one.begun(cookie, state), "code")
    return str(caught.value)


async def test_beginning_over_and_over_leaves_one_key_in_redis(redis_client: Redis) -> None:
    one = provider(redis_client, Clock())
    begun = [await one.begin(ORIGIN) for _ in range(50)]
    assert len({cookie for _, cookie in begun}) == 50
    assert await redis_client.keys("*") == [KEY.encode()]


async def test_what_one_console_began_another_one_may_finish(redis_client: Redis) -> None:
    url, cookie = await provider(redis_client, Clock()).begin(ORIGIN)
    other = provider(redis_client, Clock())
    assert "gave no token" in await why_failed(other, cookie, state_of(url))


async def test_a_browser_that_did_not_begin_signs_nobody_in(redis_client: Redis) -> None:
    one = provider(redis_client, Clock())
    url, cookie = await one.begin(ORIGIN)
    _, other = await one.begin(ORIGIN)
    changed = cookie[:-9] + ("A" if cookie[-9] != "A" else "B") + cookie[-8:]
    for wrong in ("", other, changed, "a.b.c.d.e", "é"):
        assert "another browser" in await why_failed(one, wrong, state_of(url))
    await redis_client.delete(KEY)
    assert "another browser" in await why_failed(one, cookie, state_of(url))


async def test_a_page_of_another_site_cannot_use_up_the_tries_of_an_address(
    redis_client: Redis, tmp_path: Path
) -> None:
    one = provider(redis_client, Clock())
    console = SignedInConsole(redis_client, tmp_path, provider=one)
    url, cookie = await one.begin(ORIGIN)
    transport = httpx.ASGITransport(console.app)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as browser:
        for headers in ({}, {"cookie": f"{COOKIE}={cookie}"}):
            for _ in range(2 * TRIES_A_MINUTE):
                assert (await browser.get(f"{BACK}?code=x&state=y", headers=headers)).status_code == 502
        begun = {"cookie": f"{COOKIE}={cookie}"}
        own = [await browser.get(f"{BACK}?code=x&state={state_of(url)}", headers=begun) for _ in range(6)]
    assert [answer.status_code for answer in own] == [*[502] * TRIES_A_MINUTE, 429]


async def test_after_ten_minutes_it_is_too_late(redis_client: Redis) -> None:
    clock = Clock()
    one = provider(redis_client, clock)
    url, cookie = await one.begin(ORIGIN)
    clock.now += 1000 * BEGUN_S + 1
    assert "ten minutes" in await why_failed(one, cookie, state_of(url))
