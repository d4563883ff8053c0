"""Sessions: how they begin, how often somebody may try, and the cookie of a provider."""

import time
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

import httpx
import pytest
from joserfc.jwk import KeySet, RSAKey
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError

from sinks.lookup import Incomplete, Lookup
from sinks.results import ResultsReader
from streams.platform.settings import Settings
from streams.services.api.connection_limits import LimitedConnection
from streams.services.console.oidc import BACK, BEGUN_S, COOKIE, KEY, OidcFailed, Provider, _Discovered
from streams.services.console.people import People, Person
from streams.services.console.rights import Viewer
from streams.services.console.signin import FORM_COOKIE, IDLE_S, LONGEST_S, TRIES_A_MINUTE, Session, Sessions, has_ended
from tests.contract.console.signed_in_console import ORIGIN, SignedInConsole
from tests.contract.redis_server import RedisServer
from tests.unit.services.api.serving import serving

USER = "harmonia-console"
ACL = Path(__file__).parents[3] / "deploy" / "acl" / "redis.acl"
NOW = 1_352_250_000_000
ADA = Viewer("ada", frozenset({"field"}))


@pytest.fixture
async def own(redis_server: RedisServer, redis_client: Redis) -> AsyncIterator[Redis]:
    """A client that may do what the console may, and nothing else."""
    [rights] = [line.split()[2:] for line in ACL.read_text().splitlines() if line.startswith(f"user {USER} ")]
    await redis_client.execute_command("ACL", "SETUSER", USER, *rights, ">secret")  # type: ignore[no-untyped-call]
    async with Redis(host="127.0.0.1", port=redis_server.port, username=USER, password="secret") as client:
        yield client


@pytest.fixture
def known() -> dict[str, Person]:
    return {"ada": Person(ADA)}


@pytest.fixture
def sessions(own: Redis, known: dict[str, Person]) -> Sessions:
    return Sessions(own, People(known))


async def test_a_session_is_found_by_its_id_alone_and_remembers_choices(sessions: Sessions) -> None:
    begun = await sessions.begin(ADA, NOW)
    await sessions.change(begun, NOW, {"language": "fr", "reason": "called"})
    found = await sessions.find(begun.id, NOW)
    assert found is not None
    assert (found.viewer.name, found.viewer.language, found.session.reason) == ("ada", "fr", "called")
    assert await sessions.find(begun.id[:-1], NOW) is None
    assert await sessions.find("", NOW) is None


async def test_a_session_that_is_used_goes_on_for_half_an_hour_but_no_longer_than_half_a_day(
    sessions: Sessions, redis_client: Redis
) -> None:
    begun = await sessions.begin(ADA, NOW)
    [key] = await redis_client.keys("console:session:*")
    await redis_client.expire(key, 5)
    await sessions.find(begun.id, NOW + 60_000)
    assert IDLE_S - 5 <= await redis_client.ttl(key) <= IDLE_S
    await sessions.find(begun.id, NOW + (LONGEST_S - 60) * 1000)
    assert await redis_client.ttl(key) <= 60
    assert await sessions.find(begun.id, NOW + LONGEST_S * 1000) is None
    assert await redis_client.keys("console:session:*") == []


async def test_whoever_is_taken_out_of_the_file_has_no_session_any_more(
    sessions: Sessions, known: dict[str, Person]
) -> None:
    begun = await sessions.begin(ADA, NOW)
    known.clear()
    assert await sessions.find(begun.id, NOW) is None


async def test_a_role_that_is_taken_away_is_gone_at_once(sessions: Sessions, known: dict[str, Person]) -> None:
    begun = await sessions.begin(ADA, NOW)
    known["ada"] = Person(Viewer("ada", frozenset({"figures"})))
    found = await sessions.find(begun.id, NOW)
    assert found is not None
    assert found.viewer.roles == {"figures"}


async def test_neither_the_id_nor_the_address_of_who_signs_in_is_in_redis(
    sessions: Sessions, redis_client: Redis
) -> None:
    begun = await sessions.begin(ADA, NOW)
    await sessions.may_try("192.0.2.7")
    for key in await redis_client.keys("*"):
        held = f"{key!r} {await redis_client.get(key)!r}"
        assert begun.id not in held
        assert "192.0.2.7" not in held


async def test_there_are_so_many_tries_a_minute_for_each_address(sessions: Sessions, redis_client: Redis) -> None:
    assert [await sessions.may_try("192.0.2.7") for _ in range(TRIES_A_MINUTE + 1)] == [True] * TRIES_A_MINUTE + [False]
    assert await sessions.may_try("192.0.2.8")
    for key in await redis_client.keys("console:tries:*"):
        assert 0 < await redis_client.ttl(key) <= 60


async def test_whoever_signs_in_uses_up_no_try_of_the_others_at_their_address(sessions: Sessions) -> None:
    for _ in range(3 * TRIES_A_MINUTE):
        assert await sessions.may_try("192.0.2.7")
        await sessions.succeeded("192.0.2.7")


async def test_whoever_signs_in_between_guesses_gets_no_more_guesses(sessions: Sessions, redis_client: Redis) -> None:
    """Else anybody with a token of their own may guess those of others for ever."""
    for _ in range(TRIES_A_MINUTE - 1):
        assert await sessions.may_try("192.0.2.7")
    assert await sessions.may_try("192.0.2.7")
    await sessions.succeeded("192.0.2.7")
    assert [await sessions.may_try("192.0.2.7") for _ in range(2)] == [True, False]
    for key in await redis_client.keys("console:tries:*"):
        assert 0 < await redis_client.ttl(key) <= 60


async def test_a_try_that_ends_in_the_next_minute_leaves_that_its_five(sessions: Sessions, redis_client: Redis) -> None:
    assert await sessions.may_try("192.0.2.7")
    await redis_client.delete(*await redis_client.keys("console:tries:*"))  # as after a minute
    await sessions.succeeded("192.0.2.7")
    assert [await sessions.may_try("192.0.2.7") for _ in range(TRIES_A_MINUTE + 1)] == [True] * TRIES_A_MINUTE + [False]


async def test_a_choice_that_was_on_its_way_while_somebody_signed_out_opens_no_session_again(
    sessions: Sessions, redis_client: Redis
) -> None:
    begun = await sessions.begin(ADA, NOW)
    await sessions.end(begun.id)
    await sessions.change(begun, NOW, {"theme": "dark"})
    assert await sessions.find(begun.id, NOW) is None
    assert await redis_client.keys("console:session:*") == []


def test_a_session_is_over_after_half_a_day_whoever_says_so() -> None:
    session = Session("ada", "csrf", NOW)
    assert not has_ended(session, NOW + LONGEST_S * 1000 - 1)
    assert has_ended(session, NOW + LONGEST_S * 1000)


async def test_the_consoles_user_may_look_people_up_and_change_nothing_but_its_own(
    own: Redis, redis_client: Redis
) -> None:
    assert isinstance(await Lookup(own, 15).look([["van.17"]], "gotv-3"), Incomplete)
    await ResultsReader(own, 15).one("x12")
    assert await own.set("console:oidc-key", "1", nx=True)
    assert await own.get("console:oidc-key") == b"1"
    await own.info("memory")
    for forbidden in (("HSET", "contact:x", "state", "{}"), ("SET", "holds", "1"), ("FLUSHALL",), ("KEYS", "*")):
        with pytest.raises(NoPermissionError):
            await own.execute_command(*forbidden)  # type: ignore[no-untyped-call]


# Tries to sign in are counted by the address that they come from, whatever address they say that they come from.
SAID = urlencode({"csrf": "x", "token": "no token of anybody"})


async def statuses(console: SignedInConsole, proxies: str, forwarded: Iterable[str]) -> list[bytes]:
    """The answers to tries from loopback, each of which says that it forwards an address."""
    found = []
    async with serving(LimitedConnection, console.app, proxies=proxies) as site:
        for address in forwarded:
            head = {
                "host": ORIGIN.partition("://")[2],
                "origin": ORIGIN,
                "cookie": f"{FORM_COOKIE}=x",
                "x-forwarded-for": address,
                "content-type": "application/x-www-form-urlencoded",
                "content-length": str(len(SAID)),
            }
            line = await site.line()
            line.say("".join(["POST /signin HTTP/1.1\r\n", *(f"{k}: {v}\r\n" for k, v in head.items())]).encode())
            line.say(f"\r\n{SAID}".encode())
            found.append(await line.status())
    return found


@pytest.mark.parametrize("proxies", ["", "10.0.0.0/8"])
async def test_a_forged_address_gives_no_more_tries_to_sign_in(
    redis_client: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxies: str
) -> None:
    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
    forged = [f"198.51.100.{number}" for number in range(TRIES_A_MINUTE + 1)]
    console = SignedInConsole(redis_client, tmp_path)
    found = await statuses(console, proxies, forged)
    assert found == [b"403"] * TRIES_A_MINUTE + [b"429"]
    [counted] = console.deps.metrics.signins.collect()
    told = [each.labels["outcome"] for each in counted.samples if each.name == "harmonia_console_signins_total"]
    assert sorted(told) == ["too_many", "unknown"]


async def test_readers_behind_a_proxy_that_is_named_are_told_apart(redis_client: Redis, tmp_path: Path) -> None:
    """By the address that the proxy puts last, and not by what the reader has sent before it."""
    console = SignedInConsole(redis_client, tmp_path)
    own = [f"198.51.100.{number}" for number in range(TRIES_A_MINUTE + 1)]
    assert await statuses(console, "127.0.0.1", own) == [b"403"] * (TRIES_A_MINUTE + 1)
    forging = [f"203.0.113.{number}, 198.51.100.99" for number in range(TRIES_A_MINUTE + 1)]
    assert await statuses(console, "127.0.0.1", forging) == [b"403"] * TRIES_A_MINUTE + [b"429"]


@pytest.mark.parametrize("address", ["127.0.0.{}", "2001:db8::{}"])
async def test_addresses_of_the_machine_or_of_one_ipv6_network_share_their_tries(
    redis_client: Redis, tmp_path: Path, address: str
) -> None:
    own = [address.format(number) for number in range(2, TRIES_A_MINUTE + 3)]
    found = await statuses(SignedInConsole(redis_client, tmp_path), "127.0.0.1", own)
    assert found == [b"403"] * TRIES_A_MINUTE + [b"429"]


# What a sign-in by a provider leaves behind: a cookie of the browser, and in Redis one key for all of them.
OWN_ORIGIN = "https://console.test"
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
        await one.finish(OWN_ORIGIN, await one.begun(cookie, state), "code")
    return str(caught.value)


async def test_beginning_over_and_over_leaves_one_key_in_redis(redis_client: Redis) -> None:
    one = provider(redis_client, Clock())
    begun = [await one.begin(OWN_ORIGIN) for _ in range(50)]
    assert len({cookie for _, cookie in begun}) == 50
    assert await redis_client.keys("*") == [KEY.encode()]


async def test_what_one_console_began_another_one_may_finish(redis_client: Redis) -> None:
    url, cookie = await provider(redis_client, Clock()).begin(OWN_ORIGIN)
    other = provider(redis_client, Clock())
    assert "gave no token" in await why_failed(other, cookie, state_of(url))


async def test_a_browser_that_did_not_begin_signs_nobody_in(redis_client: Redis) -> None:
    one = provider(redis_client, Clock())
    url, cookie = await one.begin(OWN_ORIGIN)
    _, other = await one.begin(OWN_ORIGIN)
    for wrong in ("", other, cookie[:-2] + "AA", "a.b.c.d.e", "é"):
        assert "another browser" in await why_failed(one, wrong, state_of(url))
    await redis_client.delete(KEY)
    assert "another browser" in await why_failed(one, cookie, state_of(url))


async def test_a_page_of_another_site_cannot_use_up_the_tries_of_an_address(
    redis_client: Redis, tmp_path: Path
) -> None:
    one = provider(redis_client, Clock())
    console = SignedInConsole(redis_client, tmp_path, provider=one)
    url, cookie = await one.begin(OWN_ORIGIN)
    transport = httpx.ASGITransport(console.app)
    async with httpx.AsyncClient(transport=transport, base_url=OWN_ORIGIN) as browser:
        for headers in ({}, {"cookie": f"{COOKIE}={cookie}"}):
            for _ in range(2 * TRIES_A_MINUTE):
                assert (await browser.get(f"{BACK}?code=x&state=y", headers=headers)).status_code == 502
        begun = {"cookie": f"{COOKIE}={cookie}"}
        own = [await browser.get(f"{BACK}?code=x&state={state_of(url)}", headers=begun) for _ in range(6)]
    assert [answer.status_code for answer in own] == [*[502] * TRIES_A_MINUTE, 429]


async def test_after_ten_minutes_it_is_too_late(redis_client: Redis) -> None:
    clock = Clock()
    one = provider(redis_client, clock)
    url, cookie = await one.begin(OWN_ORIGIN)
    clock.now += 1000 * BEGUN_S + 1
    assert "ten minutes" in await why_failed(one, cookie, state_of(url))
