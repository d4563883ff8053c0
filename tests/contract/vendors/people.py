"""People of whom Redis knows, as a vendor has them on its list; and what is to become of each, written down by hand."""

import asyncio
from typing import Any, NamedTuple

import orjson

from sinks.base import ContactChange
from sinks.holds import HoldsSink
from sinks.redis import RedisSink
from sinks.segments import SegmentsSink
from streams.domain.contact import ContactState, profile
from tests.contract.api.desk import HASHER, address
from tests.contract.conftest import client_of
from tests.contract.contact_sink import STALE_AFTER, erased, merged
from tests.contract.redis_server import RedisServer
from tests.contract.whole_redis import Filling
from tests.contract.whole_segments import fill_segments

SEGMENT = "donors"
PAST, AHEAD = "2020-01-01T00:00:00.000Z", "2999-01-01T00:00:00.000Z"
UNREADABLE = "nobody at all"
BOUNCING = "bert.bounces@example.org"


class Cast(NamedTuple):
    """One person. `suppressed`: the reason that is told; `belongs`: in the segment and open for e-mail."""

    address: str
    suppressed: str | None = None
    belongs: bool = False


CAST = (
    Cast("ursula@example.org", "unsubscribed"),
    Cast("Carl.Complains@Example.org", "complained"),
    Cast("dora@example.org", "deceased"),
    Cast("sam@example.org", "suppressed"),
    Cast("sid.until.last.year@example.org", belongs=True),
    Cast("erna@example.org", "erased"),
    Cast("linked.to.ursula@example.org", "unsubscribed"),
    Cast("linked.to.a.member@example.org", belongs=True),
    Cast(BOUNCING),
    Cast("carla.never.consented@example.org"),
    Cast("olaf@example.org"),
    Cast("unknown@example.org"),
    Cast(UNREADABLE),
    *(Cast(f"member{number}@example.org", belongs=True) for number in range(40)),
)
SUPPRESSED = {each.address for each in CAST if each.suppressed}
BELONGING = {each.address for each in CAST if each.belongs}
ADDRESSES = {each.address for each in CAST}


def contact_of(text: str) -> str:
    hashed = HASHER.email(text)
    assert hashed is not None
    return hashed


def states() -> list[ContactChange]:
    """What `contact-state` says of them."""
    return [
        _known("ursula@example.org", stops=_stops(email=_stop("unsubscribed"))),
        _known("Carl.Complains@Example.org", stops=_stops(email=_stop("complained"))),
        _known("dora@example.org", stops=_stops(all=_stop("deceased"))),
        _known("sam@example.org", stops=_stops(all=_stop("suppressed") | {"until": AHEAD})),
        _known("sid.until.last.year@example.org", stops=_stops(all=_stop("suppressed") | {"until": PAST})),
        erased(contact_of("erna@example.org"), 1),
        _known("ursula@example.org", "voter-1", stops=_stops(email=_stop("unsubscribed"))),
        _known("linked.to.a.member@example.org", "voter-2"),
        _known(
            "bert.bounces@example.org", addresses=[address("bert.bounces@example.org") | {"status": "hard_bounced"}]
        ),
        _known("carla.never.consented@example.org", consent={"email": False}),
        _known("olaf@example.org"),
        *(_known(f"member{number}@example.org") for number in range(40)),
    ]


def links() -> list[ContactChange]:
    """What `contact-links` says."""
    linked = {"linked.to.ursula@example.org": "voter-1", "linked.to.a.member@example.org": "voter-2"}
    return [merged(contact_of(text), 2, survivor) for text, survivor in linked.items()]


def members() -> list[str]:
    """Of the segment: all but two, those too who may not be written to."""
    outside = {"olaf@example.org", "unknown@example.org", UNREADABLE, "erna@example.org"}
    linked = {"linked.to.ursula@example.org": "voter-1", "linked.to.a.member@example.org": "voter-2"}
    return [linked.get(each.address) or contact_of(each.address) for each in CAST if each.address not in outside]


def fill(server: RedisServer) -> None:
    """Fill a Redis with all of it, so that it lacks nothing."""
    asyncio.run(_fill(server))


async def _fill(server: RedisServer) -> None:
    client = client_of(server.port)
    await client.flushall()
    await Filling(RedisSink(client, stale_after=STALE_AFTER), HoldsSink(client)).all(states(), links())
    segments = SegmentsSink(client, stale_after=STALE_AFTER, most_pairs=1000)
    await fill_segments(segments, {SEGMENT: members(), "listless": members()}, without_list=["listless"])
    await segments.close()


def _known(text: str, contact_id: str | None = None, **parts: Any) -> ContactChange:
    said = profile(contact_id or contact_of(text), ContactState())
    said["addresses"] = [address(text)]
    return ContactChange(said["contact_id"], 1, orjson.dumps(said | parts), None, None)


def _stop(reason: str) -> dict[str, str]:
    return {"reason": reason, "at": PAST, "source": "s", "id": "1"}


def _stops(**closed: dict[str, str]) -> dict[str, Any]:
    return {"senders": {}, "lists": {}, **closed}
