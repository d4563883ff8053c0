"""Tries to sign in are counted by the address that they come from, whatever address they say that they come from."""

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlencode

import pytest
from redis.asyncio import Redis

from streams.services.api.connection_limits import LimitedConnection
from streams.services.console.signin import FORM_COOKIE, TRIES_A_MINUTE
from tests.contract.console.signed_in_console import ORIGIN, SignedInConsole
from tests.unit.services.api.serving import serving

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
