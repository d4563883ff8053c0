"""Who may ask: a token that is known, for what it may do, in the name of its own team."""

import pytest

from tests.contract.api.desk import Desk, known
from tests.contract.whole_redis import Filling

ASKED = {"channel": "email", "purpose": "fundraising", "contacts": [{"contact_id": "ada"}]}


@pytest.mark.parametrize("token", [None, "", "unknown", "Digital"])
@pytest.mark.parametrize("path", ["/v1/contacts/ada", "/v1/permissions", "/v1/nowhere"])
async def test_without_a_known_token_nothing_is_answered(desk: Desk, path: str, token: str | None) -> None:
    answers = [await desk.get(path, token), await desk.post(b"[", token, path)]
    assert [(answer.status, answer.json["code"]) for answer in answers] == [(401, "unauthorized")] * 2
    assert answers[0].headers["www-authenticate"] == "Bearer"
    assert desk.counted("harmonia_api_refused_total", code="unauthorized") == 2
    assert desk.audited() == []


async def test_what_a_token_has_no_scope_for_is_refused_and_counted(desk: Desk, filling: Filling) -> None:
    await filling.all([known("ada")])
    refused = [
        await desk.get("/v1/contacts/ada", "asker"),
        await desk.get("/v1/contacts", "asker", query="email=?"),
        await desk.post(ASKED, "reader"),
        await desk.post({**ASKED, "reserve": 60}, "asker"),
    ]
    assert [(answer.status, answer.json["code"]) for answer in refused] == [(403, "forbidden")] * 4
    assert desk.counted("harmonia_api_refused_total", code="forbidden") == 4
    assert desk.audited() == []


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


async def test_the_openapi_document_needs_no_token(desk: Desk) -> None:
    answer = await desk.get("/openapi.json", None)
    assert answer.status == 200
    assert {*answer.json["paths"]} == {
        *("/v1/contacts/{contact_id}", "/v1/contacts", "/v1/permissions"),
        *("/v1/experiments", "/v1/experiments/{experiment_id}", "/v1/insights"),
        *("/v1/rights", "/v1/rights/{request_id}", "/v1/rights/{request_id}/extend", "/v1/rights/{request_id}/close"),
        *("/v1/segments", "/v1/segments/{segment_id}", "/v1/segments/{segment_id}/members"),
        *("/v1/segments/{segment_id}/permissions", "/v1/contacts/{contact_id}/segments", "/v1/segments/preview"),
    }
