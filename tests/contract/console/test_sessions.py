"""Sessions, and how often a sign-in may be tried."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from urllib.parse import urlencode

import pytest
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError

from sinks.lookup import Incomplete, Lookup
from sinks.results import ResultsReader
from streams.services.api.connection_limits import LimitedConnection
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
