"""The API: contacts, tokens, readiness and insights."""

import re

import pytest
from redis.asyncio import Redis

from sinks.keys import position_key
from streams.services.api.readiness import why_unready
from tests.contract.api.desk import ADDRESS, HASHER, SERIES, Desk, known
from tests.contract.contact_sink import erased
from tests.contract.redis_server import RedisServer
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


# Who may ask: a token that is known, for what it may do, in the name of its own team.
ASKED = {"channel": "email", "purpose": "fundraising", "contacts": [{"contact_id": "ada"}]}


@pytest.mark.parametrize("token", [None, "", "unknown", "Digital"])
@pytest.mark.parametrize("path", ["/v1/contacts/ada", "/v1/permissions", "/v1/nowhere"])
async def test_without_a_known_token_nothing_is_answered(desk: Desk, path: str, token: str | None) -> None:
    answers = [await desk.get(path, token), await desk.post(b"[", token, path)]
    assert [(answer.status, answer.json["code"]) for answer in answers] == [(401, "unauthorized")] * 2
    assert answers[0].headers["www-authenticate"] == "Bearer"
    assert desk.counted("harmonia_api_refused_total", code="unauthorized") == 2
    assert desk.audited() == []


WITHOUT_SCOPE = {
    **{
        ("get", path): ["asker"]
        for path in (
            *("/v1/contacts/{contact_id}", "/v1/contacts", "/v1/contacts/{contact_id}/segments"),
            *("/v1/experiments", "/v1/experiments/{experiment_id}", "/v1/insights"),
            *("/v1/segments", "/v1/segments/{segment_id}"),
        )
    },
    ("post", "/v1/segments/preview"): ["asker"],
    ("get", "/v1/segments/{segment_id}/members"): ["digital"],
    ("post", "/v1/segments/{segment_id}/permissions"): ["asker", "only-lists"],
    ("post", "/v1/permissions"): ["reader"],
    ("get", "/v1/rights"): ["lister"],
    ("post", "/v1/rights"): ["lister"],
    ("get", "/v1/rights/{request_id}"): ["lister"],
    ("post", "/v1/rights/{request_id}/extend"): ["lister"],
    ("post", "/v1/rights/{request_id}/close"): ["lister"],
}
"""By operation of the OpenAPI document: tokens that have other scopes, and each lacks one of those that it wants."""


async def test_every_operation_wants_its_scopes_and_a_refusal_is_counted_and_never_audited(desk: Desk) -> None:
    document = await desk.get("/openapi.json", None)
    operations = {(method, path) for path, methods in document.json["paths"].items() for method in methods}
    assert operations == WITHOUT_SCOPE.keys()
    for (method, path), tokens in WITHOUT_SCOPE.items():
        at = re.sub(r"{\w+}", "x", path)
        for token, status in [(None, 401), *((token, 403) for token in tokens)]:
            answer = await (desk.get(at, token) if method == "get" else desk.post(ASKED, token, at))
            assert answer.status == status, (method, path, token)
    assert desk.counted("harmonia_api_refused_total", code="unauthorized") == len(WITHOUT_SCOPE)
    assert desk.counted("harmonia_api_refused_total", code="forbidden") == sum(map(len, WITHOUT_SCOPE.values()))
    assert desk.audited() == []


async def test_whoever_may_ask_and_not_reserve_is_refused_a_reservation(desk: Desk, filling: Filling) -> None:
    await filling.all([known("ada")])
    answer = await desk.post({**ASKED, "reserve": 60}, "asker")
    assert (answer.status, answer.json["code"], desk.audited()) == (403, "forbidden", [])


async def test_a_token_speaks_for_its_own_team(desk: Desk, filling: Filling) -> None:
    await filling.all([known("ada")])
    assert (await desk.post({**ASKED, "team": "field"})).status == 403
    assert (await desk.post({**ASKED, "team": "digital"})).status == 200
    assert [record["team"] for record in desk.audited()] == ["digital"]


async def test_a_token_of_every_team_has_to_say_for_which(desk: Desk, filling: Filling) -> None:
    await filling.all([known("ada")])
    unsaid = await desk.post(ASKED, "anybody")
    assert (unsaid.status, unsaid.json["mistakes"][0]["field"]) == (422, "team")
    assert (await desk.post({**ASKED, "team": "field"}, "anybody")).status == 200
    assert [record["team"] for record in desk.audited()] == ["field"]


# Nobody is sent to a process of the API while it has no answer for anybody.
AWAY = {
    "profiles_incomplete": ["/v1/contacts/ada", "/v1/contacts/ada/segments"],
    "results_incomplete": ["/v1/experiments", "/v1/experiments/x12", "/v1/experiments/unknown"],
    "segments_incomplete": ["/v1/segments", "/v1/segments/donors", "/v1/segments/donors/members"],
}
"""What is asked, by the code of the answer while Redis is away."""


async def test_the_api_is_ready_while_it_answers_and_says_in_the_same_words_why_it_does_not(
    desk: Desk, filling: Filling, redis_client: Redis
) -> None:
    assert await why_unready(desk.deps) == "profiles_incomplete: contact-state:0 is missing"
    assert (await desk.post(ASKED)).status == 503
    await filling.all([known("ada")])
    assert await why_unready(desk.deps) is None
    assert (await desk.post(ASKED)).status == 200
    await redis_client.hdel(position_key(2), "whole_at")
    assert await why_unready(desk.deps) == "profiles_incomplete: contact-state:2 is refilling"
    assert (await desk.post(ASKED)).status == 503


async def test_the_api_is_not_ready_while_answers_cannot_be_written_down(desk: Desk, filling: Filling) -> None:
    await filling.all([known("ada")])
    desk.audit._most = 100
    assert (await desk.post(ASKED)).status == 200
    assert await why_unready(desk.deps) == "audit_unavailable: Kafka takes no records of audit-log"


async def test_while_redis_is_away_nothing_is_answered_from_it(redis_server: RedisServer, desk: Desk) -> None:
    redis_server.kill()
    try:
        assert await why_unready(desk.deps) == "profiles_incomplete: Redis does not answer"
        for code, paths in AWAY.items():
            answers = [await desk.get(path, "lister") for path in paths]
            assert [(each.status, each.json["code"]) for each in answers] == [(503, code)] * len(paths), code
    finally:
        redis_server.start()


# `GET /v1/insights`, with a program in place of the one that reads history.
async def test_an_answer_is_what_the_command_prints(desk: Desk) -> None:
    answer = await desk.get("/v1/insights", query="metric=email.sent&from=2012-02-21&to=2012-02-22")

    assert (answer.status, answer.json) == (200, SERIES)


async def test_where_history_cannot_be_read_there_is_no_answer(desk: Desk) -> None:
    answer = await desk.get("/v1/insights", query="metric=net&team=broken")

    assert (answer.status, answer.json["code"]) == (503, "insights_unavailable")
    assert answer.headers["retry-after"] == "2"
