"""Permission and reservations over the API."""

import asyncio
from collections import Counter
from random import Random
from typing import Any

import pytest
from redis.asyncio import Redis

from events.identifiers import Hasher
from events.times import render_time
from events.topics import CONTACT_LINKS
from sinks.base import Position
from sinks.keys import position_key, reservation_key
from sinks.reservations import Reservation, decode
from streams.domain.pressure import default_policy
from streams.domain.pressure.policy_conditions import PolicyCondition
from streams.services.api.models import MOST_CONTACTS
from streams.services.api.readiness import why_unready
from tests.contract.api.desk import ADDRESS, DAY, HASHER, HOUR, NOON, Desk, address, known, touch
from tests.contract.conftest import client_of
from tests.contract.contact_sink import erased
from tests.contract.redis_server import RedisServer
from tests.contract.two_topics import absorbed
from tests.contract.whole_redis import TOPIC, Filling

ASKED = {"channel": "email", "purpose": "fundraising", "contacts": [{"contact_id": "ada"}]}


async def test_people_are_answered_in_the_order_asked(desk: Desk, filling: Filling) -> None:
    await filling.all([known("ada"), known("bob", [touch(NOON - HOUR)]), erased("cyd", 1)])
    names = ["bob", "eve", "ada", "cyd"]
    decisions = await desk.may(*({"contact_id": name} for name in names))
    assert [one["contact_id"] for one in decisions] == names
    assert [(one["decision"], one["reason"]) for one in decisions] == [
        *(("defer", "gap"), ("allow", "ok"), ("allow", "ok"), ("deny", "erased")),
    ]
    assert decisions[0]["evidence"] == [{"source": "field/mailer", "id": str(NOON - HOUR)}]
    assert decisions[0]["earliest_at"] == render_time(NOON + 3 * HOUR)
    assert decisions[2]["expires_at"] == render_time(NOON + 10 * HOUR)


async def test_an_answer_names_the_policy_and_the_time_of_the_profiles(desk: Desk, filling: Filling) -> None:
    await filling.all([known("ada")])
    answer = (await desk.post(ASKED)).json
    assert answer["policy_version"] == default_policy().version
    assert answer["as_of"].endswith("Z")


async def test_an_address_is_judged_by_itself(desk: Desk, filling: Filling) -> None:
    bounced = {**address(ADDRESS), "status": "hard_bounced"}
    ada = known("ada", addresses=[bounced, address("ada@example.com")])
    hashed = HASHER.email(ADDRESS)
    assert hashed is not None
    await filling.all([ada], [absorbed(hashed, 1, "ada")])
    by_address, best = await desk.may({"email": ADDRESS}, {"contact_id": "ada"})
    assert (by_address["contact_id"], by_address["decision"], by_address["reason"]) == ("ada", "deny", "hard_bounced")
    assert by_address["ref"] == bounced["ref"]
    assert (best["decision"], best["ref"]) == ("allow", address("ada@example.com")["ref"])


async def test_an_address_that_cannot_be_read_is_denied_and_costs_no_neighbour(desk: Desk, filling: Filling) -> None:
    await filling.all([known("ada")])
    unreadable, ada = await desk.may({"email": "no address"}, {"contact_id": "ada"})
    assert (unreadable["contact_id"], unreadable["decision"], unreadable["reason"]) == (None, "deny", "unknown_address")
    assert ada["decision"] == "allow"


async def test_an_allow_says_that_a_notice_is_due_where_the_policy_asks_for_one(desk: Desk, filling: Filling) -> None:
    got = {"kind": "rented", "file": "a", "first_at": render_time(NOON - DAY), "last_at": render_time(NOON - DAY)}
    rented = {**got, "count": 1, "addresses": [], "source": "lists/a", "id": "1"}
    told = {**rented, "notice": "art14/v1", "notice_by": "letter", "id": "2"}
    await filling.all([known("ada", provenance=[rented]), known("bob", provenance=[rented, told])])
    asked = ({"contact_id": "ada"}, {"contact_id": "bob"})
    assert all("notice_due" not in one for one in await desk.may(*asked))
    notice = PolicyCondition(channel="email", require="notice")
    desk.policy = desk.policy.model_copy(update={"conditions": (notice,)})
    ada, bob = await desk.may(*asked)
    assert (ada["decision"], ada.get("notice_due"), bob["decision"], "notice_due" in bob) == (
        *("allow", True),
        *("allow", False),
    )
    desk.at = NOON + 30 * DAY
    ada, bob = await desk.may(*asked)
    assert (ada["decision"], ada["reason"], bob["decision"]) == ("deny", "no_notice", "allow")


async def test_a_campaign_on_hold_is_denied(desk: Desk, filling: Filling) -> None:
    await filling.all([known("ada")])
    await filling.hold({"gotv": NOON + HOUR}, at=2)
    [held] = await desk.may({"contact_id": "ada"}, campaign_id="gotv")
    assert (held["decision"], held["reason"], held["earliest_at"]) == ("deny", "held", render_time(NOON + HOUR))
    [later] = await desk.may({"contact_id": "ada"}, campaign_id="gotv", at=render_time(NOON + HOUR))
    assert later["decision"] == "allow"


async def test_names_that_may_be_misspelled_are_remarked_and_answered_as_they_are(desk: Desk, filling: Filling) -> None:
    stop = {"reason": "opted_out", "at": "2012-02-22T09:00:00.000Z", "source": "t", "id": "1"}
    stops = {"senders": {"+12125550100": stop}, "lists": {"news": stop}}
    await filling.all([known("ada", stops=stops)])
    await filling.hold({"mixed-1": None, "over-2": NOON - HOUR}, at=2)
    asked = {**ASKED, "campaign_id": "mixed1", "sender": "+12125550l00", "list_id": "newz"}
    for more in ({}, {"reserve": 60}):
        answer = (await desk.post({**asked, **more})).json
        assert answer["decisions"][0]["decision"] == "allow"
        assert answer["remarks"] == [
            "campaign_id: mixed1 is not on hold, and mixed-1 is: is that the one?",
            "sender: some of these people have stopped +12125550100: is that the one?",
            "list_id: some of these people have left news: is that the one?",
        ]
    right = {**ASKED, "campaign_id": "over2", "list_id": " News"}
    answer = (await desk.post(right)).json
    assert answer["decisions"][0]["reason"] == "list_stopped"
    assert "remarks" not in answer
    refused = await desk.post({**ASKED, "sender": "+ -"})
    assert (refused.status, refused.json["mistakes"][0]["field"]) == (422, "sender")


async def test_another_identity_key_than_the_workers_is_not_ready_and_answers_nobody(
    desk: Desk, redis_client: Redis, filling: Filling
) -> None:
    await filling.all([known("ada")])
    await redis_client.hset(position_key(0, "campaign-holds"), "key_ids", Hasher([b"another"]).key_ids[0])
    desk.deps.lookup._key_ids = HASHER.key_ids
    answer = await desk.post(ASKED)
    assert (answer.status, answer.json["code"]) == (503, "profiles_incomplete")
    assert "HARMONIA_IDENTITY_KEY" in answer.json["detail"]
    assert "HARMONIA_IDENTITY_KEY" in (await why_unready(desk.deps) or "")
    await redis_client.hset(position_key(0, "campaign-holds"), "key_ids", HASHER.key_ids[0])
    assert (await desk.post(ASKED)).status == 200


@pytest.mark.parametrize("key", [position_key(0), position_key(3, CONTACT_LINKS), position_key(0, "campaign-holds")])
async def test_nobody_is_allowed_while_anything_is_missing(
    desk: Desk, filling: Filling, redis_client: Redis, key: str
) -> None:
    await filling.all([known("ada")])
    await redis_client.delete(key)
    for asked in (ASKED, {**ASKED, "reserve": 60}):
        answer = await desk.post(asked)
        assert (answer.status, answer.json["code"]) == (503, "profiles_incomplete")
    assert await redis_client.keys("reservation:*") == []


async def test_every_decision_is_in_the_audit_log_and_no_address_is(desk: Desk, filling: Filling) -> None:
    await filling.all([known("ada")])
    await desk.may({"contact_id": "ada"}, {"email": "eve@example.org"}, {"email": "?"}, campaign_id="gotv")
    [record] = desk.audited()
    assert (record["team"], record["what"], record["channel"]) == ("digital", "permission", "email")
    assert (record["campaign_id"], record["policy_version"]) == ("gotv", default_policy().version)
    assert record["answers"] == [
        {"contact_id": "ada", "decision": "allow", "reason": "ok"},
        {"contact_id": HASHER.email("eve@example.org"), "decision": "allow", "reason": "ok"},
    ]


async def test_a_large_batch_is_written_down_in_several_records_of_one_request(desk: Desk, filling: Filling) -> None:
    await filling.all()
    await desk.may(*({"contact_id": f"c{number}"} for number in range(MOST_CONTACTS)))
    records = desk.audited()
    assert len({record["request"] for record in records}) == 1
    audited = [answer["contact_id"] for record in records for answer in record["answers"]]
    assert audited == [f"c{number}" for number in range(MOST_CONTACTS)]


async def test_without_room_for_the_record_there_is_no_answer(desk: Desk, filling: Filling) -> None:
    await filling.all([known("ada")])
    desk.audit._most = 100
    assert (await desk.post(ASKED)).status == 200
    answer = await desk.post(ASKED)
    assert (answer.status, answer.json["code"]) == (503, "audit_unavailable")


async def test_decisions_are_counted(desk: Desk, filling: Filling) -> None:
    await filling.all([known("ada")])
    await desk.may({"contact_id": "ada"}, {"contact_id": "bob"})
    assert desk.counted("harmonia_api_decisions_total", channel="email", decision="allow", reason="ok") == 2
    assert desk.counted("harmonia_api_requests_total", route="/v1/permissions", status="200") == 1


ADA = {"contact_id": "ada"}
LONG_S = 3600.0
"""For nobody says again that nothing is missing."""


async def reserving(desk: Desk, token: str, **more: object) -> Any:
    """The decision about Ada, reserved for ten minutes."""
    [one] = await desk.may(ADA, token=token, **{"reserve": 600, **more})
    return one


async def holder(client: Redis) -> Reservation:
    """Who has Ada on e-mail."""
    found = await client.get(reservation_key("ada", "email"))
    assert isinstance(found, bytes)
    return decode(found)


def said(decision: Any) -> tuple[str, str]:
    return decision["decision"], decision["reason"]


async def test_an_allowed_person_is_reserved_for_the_team(desk: Desk, filling: Filling, redis_client: Redis) -> None:
    await filling.all([known("ada")])
    first = await reserving(desk, "digital")
    held = await holder(redis_client)
    assert said(first) == ("allow", "ok")
    assert (held.team, held.token, held.at) == ("digital", first["reservation"], NOON)
    assert 0 < await redis_client.pttl(reservation_key("ada", "email")) <= 600_000
    second = await reserving(desk, "field")
    assert said(second) == ("defer", "reserved")
    assert "reservation" not in second


async def test_a_request_without_reserve_is_deferred_too_where_another_team_has_reserved(
    desk: Desk, filling: Filling
) -> None:
    await filling.all([known("ada")])
    await reserving(desk, "digital")
    assert [said(one) for one in await desk.may(ADA, token="field")] == [("defer", "reserved")]
    assert [said(one) for one in await desk.may(ADA, token="digital")] == [("allow", "ok")]


async def test_a_reservation_counts_on_every_channel(desk: Desk, filling: Filling) -> None:
    await filling.all([known("ada")])
    await reserving(desk, "digital")
    letter = await reserving(desk, "field", channel="letter")
    assert said(letter) == ("defer", "reserved")


async def test_a_team_extends_its_own_reservation(desk: Desk, filling: Filling, redis_client: Redis) -> None:
    await filling.all([known("ada")])
    await reserving(desk, "digital")
    desk.at += 60_000
    again = await reserving(desk, "digital")
    held = await holder(redis_client)
    assert (held.token, held.until) == (again["reservation"], NOON + 660_000)


async def test_a_person_who_is_not_allowed_is_not_reserved(desk: Desk, filling: Filling, redis_client: Redis) -> None:
    await filling.all([known("ada", [touch(NOON - HOUR)])])
    assert said(await reserving(desk, "digital")) == ("defer", "gap")
    assert await redis_client.keys("reservation:*") == []


async def test_a_touch_after_a_reservation_began_confirms_it(desk: Desk, filling: Filling, redis_client: Redis) -> None:
    """Then the touch speaks for itself: others come again after the gap, though the reservation is longer."""
    await filling.all([known("ada")])
    await reserving(desk, "digital", reserve=86_400)
    await filling.write("contact-state", [known("ada", [touch(NOON + 1, "digital")], version=2)], at=2)
    desk.at = NOON + HOUR
    assert said(await reserving(desk, "field")) == ("defer", "gap")
    desk.at = NOON + 5 * HOUR
    taken = await reserving(desk, "field")
    assert said(taken) == ("allow", "ok")
    assert (await holder(redis_client)).token == taken["reservation"]


async def test_a_touch_before_a_reservation_began_does_not_confirm_it(desk: Desk, filling: Filling) -> None:
    await filling.all([known("ada", [touch(NOON - DAY, "digital")])])
    await reserving(desk, "digital")
    assert said(await reserving(desk, "field")) == ("defer", "reserved")


async def test_somebody_who_is_in_the_list_twice_is_reached_once(desk: Desk, filling: Filling) -> None:
    hashed = HASHER.email(ADDRESS)
    assert hashed is not None
    await filling.all([known("ada")], [absorbed(hashed, 1, "ada")])
    twice = await desk.may(ADA, {"email": ADDRESS}, ADA, reserve=600)
    assert Counter(one["decision"] for one in twice) == {"allow": 1, "defer": 2}


async def test_whoever_waits_for_a_reservation_is_told_the_first_moment_that_is_open(
    desk: Desk, filling: Filling, redis_client: Redis
) -> None:
    """Noon and eleven hours is an hour after mail is closed for the night."""
    await filling.all([known("ada")])
    morning = render_time(NOON + 18 * HOUR)
    first, second = await desk.may(ADA, ADA, reserve=11 * 3600)
    assert (said(first), said(second), second["earliest_at"]) == (("allow", "ok"), ("defer", "reserved"), morning)
    other = await reserving(desk, "field")
    assert (said(other), other["earliest_at"]) == (("defer", "reserved"), morning)
    desk.at = NOON + 18 * HOUR - 1
    assert (await reserving(desk, "field"))["decision"] == "defer"
    await redis_client.delete(reservation_key("ada", "email"))  # it has expired by now
    assert (await reserving(desk, "field"))["decision"] == "defer"
    desk.at += 1
    assert (await reserving(desk, "field"))["decision"] == "allow"


async def test_what_skips_the_caps_waits_for_nobody_and_holds_nobody_up(
    desk: Desk, filling: Filling, redis_client: Redis
) -> None:
    await filling.all([known("ada")])
    await reserving(desk, "digital", purpose="transactional")
    assert await redis_client.keys("reservation:*") == []


async def test_of_fifty_teams_at_once_at_most_one_is_allowed_each_contact(
    redis_server: RedisServer, filling: Filling
) -> None:
    """Each has a connection and a process's parts of its own, an order of its own, and one of three channels."""
    names = [f"c{number}" for number in range(1000)]
    await filling.all([known(name) for name in names])

    async def allowed(number: int, some: int = 1000) -> set[str]:
        mine = Random(number).sample(names, some)
        more: Any = {"token": f"team-{number}", "reserve": 600, "channel": ("email", "letter", "door")[number % 3]}
        found: set[str] = set()
        async with client_of(redis_server.port, patience_s=LONG_S) as client:  # fifty at once, in one process
            desk = Desk(client, oldest_s=LONG_S)
            for at in range(0, some, 100):
                answers = await desk.may(*({"contact_id": name} for name in mine[at : at + 100]), **more)
                found |= {one["contact_id"] for one in answers if one["decision"] == "allow"}
        return found

    teams = await asyncio.gather(*map(allowed, range(50)))
    times = Counter(name for team in teams for name in team)
    assert {*times.values()} == {1}
    assert sum(map(bool, teams)) > 1, "so they did meet"
    has = {name: number for number, team in enumerate(teams) for name in team}
    for number in (0, 25, 49):
        again = await allowed(number, 200)
        assert {has.setdefault(name, number) for name in again} <= {number}, "also later nobody has another's"


async def test_until_when_is_reserved_is_kept_before_anything_is(desk: Desk, filling: Filling) -> None:
    await filling.all([known("ada")])
    await desk.may(ADA)
    await reserving(desk, "digital", purpose="transactional")
    assert desk.kept == []
    await reserving(desk, "digital")
    assert desk.kept == [NOON + 600_000]


async def test_nothing_is_reserved_where_kafka_does_not_record_its_end(
    desk: Desk, filling: Filling, redis_client: Redis
) -> None:
    await filling.all([known("ada")])
    desk.takes_notes = False
    asked = {"channel": "email", "purpose": "fundraising", "contacts": [ADA]}
    answer = await desk.post({**asked, "reserve": 60})
    assert (answer.status, answer.json["code"]) == (503, "reservations_unavailable")
    assert await redis_client.keys("reservation:*") == []
    assert (await desk.post(asked)).status == 200


async def test_reservations_lost_by_a_flush_defer_everybody_until_they_would_be_over(
    desk: Desk, filling: Filling, redis_client: Redis
) -> None:
    await filling.all([known("ada")])
    assert said(await reserving(desk, "digital")) == ("allow", "ok")
    [until] = desk.kept
    await redis_client.flushall()
    assert (await desk.post({"channel": "email", "purpose": "fundraising", "contacts": [ADA]})).status == 503
    assert await filling.holds.put({}, Position(TOPIC, 1), 0, None) == "lost"
    assert (await desk.post({"channel": "email", "purpose": "fundraising", "contacts": [ADA]})).status == 503
    await filling.all([known("ada")], lost_until=until)
    for asks in (reserving(desk, "field"), reserving(desk, "field", channel="letter"), reserving(desk, "digital")):
        found = await asks
        assert (said(found), found["earliest_at"]) == (("defer", "reservations_unknown"), render_time(until))
    await filling.hold({"gotv": None}, at=2, lost_until=0)
    desk.at = until - 1
    assert said(await reserving(desk, "field")) == ("defer", "reservations_unknown")
    assert await redis_client.keys("reservation:*") == []
    desk.at = until
    assert said(await reserving(desk, "field")) == ("allow", "ok")


async def test_a_flush_before_which_nothing_was_reserved_defers_nobody(desk: Desk, filling: Filling) -> None:
    await filling.all([known("ada")], lost_until=0)
    assert said(await reserving(desk, "field")) == ("allow", "ok")
