"""Decisions over HTTP: in the order asked, about the address that is meant, and none where something is missing."""

import pytest
from redis.asyncio import Redis

from events.identifiers import Hasher
from events.times import render_time
from events.topics import CONTACT_LINKS
from sinks.keys import position_key
from streams.domain.pressure import default_policy
from streams.domain.pressure.policy_conditions import PolicyCondition
from streams.services.api.models import MOST_CONTACTS
from streams.services.api.readiness import why_unready
from tests.contract.api.desk import ADDRESS, DAY, HASHER, HOUR, NOON, Desk, address, known, touch
from tests.contract.contact_sink import erased
from tests.contract.two_topics import absorbed
from tests.contract.whole_redis import Filling

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
