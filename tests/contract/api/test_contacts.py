"""Somebody's profile, under every name, and never from a Redis that may lack it."""

import pytest
from redis.asyncio import Redis

from sinks.keys import position_key
from tests.contract.api.desk import ADDRESS, HASHER, Desk, known
from tests.contract.contact_sink import erased
from tests.contract.two_topics import absorbed
from tests.contract.whole_redis import Filling


def hashed(text: str) -> str:
    found = HASHER.email(text)
    assert found is not None
    return found


async def test_a_profile_is_what_contact_state_says(desk: Desk, filling: Filling) -> None:
    ada = known("ada")
    await filling.all([ada])
    answer = await desk.get("/v1/contacts/ada")
    assert (answer.status, answer.body) == (200, ada.profile)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["harmonia-as-of"].endswith("Z")


async def test_an_absorbed_id_is_answered_with_the_survivors(desk: Desk, filling: Filling) -> None:
    await filling.all([known("ada")], [absorbed("old", 1, "ada")])
    assert (await desk.get("/v1/contacts/old")).json["contact_id"] == "ada"


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("email=ada.lovelace@example.org", hashed(ADDRESS)),
        ("phone=%2B1%20212%20555%200123", HASHER.phone("(212) 555-0123")),
        ("external=VAN:12:3", HASHER.external("van", "12:3")),
        ("voter_id=ny:77", HASHER.voter("NY:77")),
    ],
)
async def test_somebody_is_found_by_each_identifier(desk: Desk, filling: Filling, query: str, name: str) -> None:
    await filling.all([known("ada")], [absorbed(name, 1, "ada")])
    assert (await desk.get("/v1/contacts", query=query)).json["contact_id"] == "ada"


async def test_an_unknown_contact_and_an_erased_one_get_different_answers(desk: Desk, filling: Filling) -> None:
    await filling.all([erased("cyd", 1)])
    answers = [await desk.get(f"/v1/contacts/{name}") for name in ("eve", "cyd")]
    assert [(answer.status, answer.json["code"]) for answer in answers] == [(404, "not_found"), (410, "erased")]
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}


async def test_what_was_asked_is_never_repeated(desk: Desk, filling: Filling) -> None:
    await filling.all()
    for query in ("email=secret%40", f"email={'secret' * 300}", "phone=secret", "external=secret"):
        assert b"secret" not in (await desk.get("/v1/contacts", query=query)).body


async def test_there_is_no_answer_while_a_partition_is_missing(
    desk: Desk, filling: Filling, redis_client: Redis
) -> None:
    await filling.all([known("ada")])
    await redis_client.delete(position_key(3))
    answer = await desk.get("/v1/contacts/ada")
    assert (answer.status, answer.json["code"]) == (503, "profiles_incomplete")
    assert answer.headers["retry-after"]
    assert desk.audited() == []
    assert desk.counted("harmonia_api_incomplete_total", why="missing") == 1


async def test_every_profile_read_is_in_the_audit_log_and_no_address_is(desk: Desk, filling: Filling) -> None:
    await filling.all([known("ada"), erased("cyd", 1)])
    for path in ("ada", "cyd", "eve"):
        await desk.get(f"/v1/contacts/{path}", "reader")
    await desk.get("/v1/contacts", "reader", query="email=eve@example.org")
    said = [(record["team"], record["what"], *record["answers"][0].values()) for record in desk.audited()]
    assert said == [
        ("reader", "read", "ada", None, "found"),
        ("reader", "read", "cyd", None, "erased"),
        ("reader", "read", "eve", None, "unknown"),
        ("reader", "read", hashed("eve@example.org"), None, "unknown"),
    ]


@pytest.mark.parametrize("name", [ADDRESS, "+12125550123", "Ada Lovelace", "x" * 65])
async def test_what_can_be_no_contact_id_is_refused_and_written_down_nowhere(
    desk: Desk, filling: Filling, name: str
) -> None:
    await filling.all([known("ada")])
    answer = await desk.get(f"/v1/contacts/{name}")
    assert (answer.status, [one["field"] for one in answer.json["mistakes"]]) == (422, ["contact_id"])
    assert name.encode() not in answer.body
    assert desk.audited() == []


@pytest.mark.parametrize("path", ["/v1/contacts/", "/v1/insights/", "/v1/permissions/"])
async def test_an_address_that_is_none_is_not_sent_elsewhere(desk: Desk, path: str) -> None:
    answer = await desk.get(path)
    assert answer.status == 404
    assert "location" not in answer.headers
