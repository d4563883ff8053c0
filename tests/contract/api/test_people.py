"""People and their rights over the API."""

from typing import Any

import pytest
from kafka.errors import KafkaTimeoutError
from redis.asyncio import Redis

from sinks.keys import position_key
from streams.platform.errors import MissingTopic
from streams.services.rights_desk.answering import NotWrittenDown
from tests.contract.api.desk import ADDRESS, HASHER, Answer, Desk, known
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


ADA = {"email": ADDRESS}
BODY = {"kind": "access", "contact": ADA}


@pytest.fixture
async def site(desk: Desk, filling: Filling) -> Desk:
    """A desk that knows Ada by her address, over a Redis that is whole."""
    await filling.all([known("ada")])
    desk.rights.known[f"email:{ADDRESS}"] = "email:1"
    return desk


async def ask(site: Desk, body: Any, token: str = "site") -> Answer:
    return await site.post(body, token, "/v1/rights")


async def test_a_new_request_is_201_and_one_that_is_open_already_200(site: Desk) -> None:
    first, again = await ask(site, BODY), await ask(site, BODY)
    assert (first.status, again.status) == (201, 200)
    assert first.json == again.json
    assert (first.json["kind"], first.json["received"], first.json["due"]) == ("access", "2026-02-04", "2026-03-04")
    assert (first.json["contact_id"], first.json["days_left"], "stopped" in first.json) == ("email:1", 28, False)
    assert ADDRESS.encode() not in first.body
    assert site.rights.by == ["site/rights"]


async def test_an_objection_says_whether_all_contact_is_stopped(site: Desk) -> None:
    assert (await ask(site, BODY | {"kind": "objection"})).json["stopped"] is True


async def test_whom_nobody_knows_is_404_unless_that_is_meant(site: Desk) -> None:
    stranger = {"kind": "erasure", "contact": {"phone": "+33 6 39 98 00 01"}, "received": "2026-01-31"}
    refused = await ask(site, stranger)
    assert (refused.status, refused.json["code"]) == (404, "not_found")
    written = await ask(site, stranger | {"anyway": True})
    assert (written.status, written.json["contact_id"], written.json["due"]) == (201, None, "2026-02-28")


async def test_where_redis_is_not_whole_nobody_is_taken_for_unknown(desk: Desk) -> None:
    answer = await ask(desk, BODY)
    assert (answer.status, answer.json["code"]) == (503, "profiles_incomplete")
    assert (await ask(desk, BODY | {"anyway": True})).status == 201


@pytest.mark.parametrize(
    ("said", "field", "cure"),
    [
        ({"kind": "oblivion"}, "kind", "give one of access, rectification"),
        ({"contact": {}}, "contact", "by one of contact_id, voter_id"),
        ({"contact": ADA | {"contact_id": "ada"}}, "contact", "the request is kept under it"),
        ({"contact": {"external": {"van": "1", "pdi": "2"}}}, "contact", "by one of"),
        ({"contact": {"contact_id": "voter:NY:17"}}, "contact.contact_id", "name it as what it is"),
        ({"contact": {"email": "no address"}}, "contact", "an identifier that can be read"),
        ({"contact": {"mail": "a@example.org"}}, "contact.mail", "did you mean email?"),
        ({"contact": ADDRESS}, "contact", "an object that names the person"),
        ({"received": "2026-02-05"}, "received", "today at the latest"),
        ({"received": "2012-02-05"}, "received", "the last ten years"),
        ({"received": "2026-02-30"}, "received", "give a day"),
        ({"received": "20260201"}, "received", "give a day"),
        ({"anyway": "yes"}, "anyway", "give true or false"),
        ({"why": "because"}, "why", "is not known here"),
        ({"team": "field"}, "", "speaks for its own team"),
    ],
)
async def test_each_mistake_is_told_with_its_field_and_the_cure_and_nothing_is_written(
    site: Desk, said: dict[str, Any], field: str, cure: str
) -> None:
    answer = await ask(site, BODY | said)
    assert answer.status == (422 if field else 403)
    assert cure in (answer.json["mistakes"][0]["cure"] if field else answer.json["detail"])
    assert not field or answer.json["mistakes"][0]["field"] == field
    assert b"xample" not in answer.body
    assert site.rights.by == []


@pytest.mark.parametrize(("body", "status"), [(b"{", 422), (b"[]", 422), (b'{"kind":"' + b"x" * 20_000, 413)])
async def test_what_is_no_request_is_refused(site: Desk, body: bytes, status: int) -> None:
    assert (await ask(site, body)).status == status


async def test_requests_are_listed_and_found_by_their_whole_id(site: Desk) -> None:
    open_one = (await ask(site, BODY)).json["request"]
    closed = (await ask(site, BODY | {"kind": "portability"})).json["request"]
    assert (await site.post({"outcome": "withdrawn"}, "site", f"/v1/rights/{closed}/close")).status == 200
    listed = await site.get("/v1/rights", "site")
    assert [each["request"] for each in listed.json["requests"]] == [open_one]
    every = await site.get("/v1/rights", "site", "closed=true")
    assert [each["outcome"] for each in every.json["requests"]] == [None, "withdrawn"]
    assert (await site.get(f"/v1/rights/{closed}", "site")).json["closed"] == "2026-02-04"
    looks = [(each["what"], each["team"], [one["contact_id"] for one in each["answers"]]) for each in site.audited()]
    assert looks == [("list", "site", ["email:1"]), ("list", "site", ["email:1"]), ("read", "site", ["email:1"])]
    assert (await site.get(f"/v1/rights/{closed[:8]}", "site")).status == 404
    assert (await site.get("/v1/rights", "site", "closed=1")).json["mistakes"][0]["field"] == "closed"
    assert (await site.get("/v1/rights", "site", "al=true")).status == 422


async def test_a_step_is_written_down_where_it_counts(site: Desk) -> None:
    request = (await ask(site, BODY | {"received": "2026-01-10"})).json["request"]
    path = f"/v1/rights/{request}"
    longer = await site.post({"reason": "number", "on": "2026-02-01"}, "site", f"{path}/extend")
    assert (longer.status, longer.json["due"], longer.json["extended"]) == (200, "2026-04-10", "number")
    for body, act, why in (
        ({"reason": "number"}, "extend", "It was extended before"),
        ({"outcome": "granted", "on": "2026-02-05"}, "close", "has not come yet"),
        ({"outcome": "granted", "on": "2026-01-09"}, "close", "before the day on which it came"),
    ):
        refused = await site.post(body, "site", f"{path}/{act}")
        assert (refused.status, refused.json["code"], why in refused.json["detail"]) == (409, "step_refused", True)
    told = await site.post({"outcome": "granted", "reference": "letters/17"}, "site", f"{path}/close")
    assert (told.json["outcome"], told.json["reference"], told.json["in_time"]) == ("granted", "letters/17", True)
    assert (await site.post({"outcome": "partly"}, "site", f"{path}/close")).status == 409
    assert (await site.post({"outcome": "partly"}, "site", "/v1/rights/none/close")).status == 404


@pytest.mark.parametrize(
    ("body", "act", "field"),
    [
        ({}, "extend", "reason"),
        ({"reason": "holidays"}, "extend", "reason"),
        ({"reason": "number", "on": "today"}, "extend", "on"),
        ({"outcome": "lost"}, "close", "outcome"),
        ({"outcome": "granted", "reference": "Ada Lovelace"}, "close", "reference"),
    ],
)
async def test_a_step_that_is_not_as_it_should_be_names_its_field(site: Desk, body: Any, act: str, field: str) -> None:
    request = (await ask(site, BODY)).json["request"]
    answer = await site.post(body, "site", f"/v1/rights/{request}/{act}")
    assert (answer.status, [each["field"] for each in answer.json["mistakes"]]) == (422, [field])
    assert b"Lovelace" not in answer.body


async def test_a_token_of_any_team_names_one(site: Desk) -> None:
    assert (await ask(site, BODY, "any-site")).json["mistakes"][0]["field"] == "team"
    assert (await ask(site, BODY | {"team": "a b"}, "any-site")).status == 422
    assert (await ask(site, BODY | {"team": "legal"}, "any-site")).status == 201
    assert site.rights.by == ["legal/rights"]


@pytest.mark.parametrize("trouble", [KafkaTimeoutError(), MissingTopic("x"), NotWrittenDown("x"), OSError()])
async def test_where_nobody_can_tell_that_it_is_written_down_it_is_to_be_sent_again(
    site: Desk, trouble: Exception
) -> None:
    site.rights.trouble = trouble
    answer = await ask(site, BODY)
    assert (answer.status, answer.json["code"]) == (503, "rights_unavailable")
    assert answer.headers["retry-after"]
