"""Who may ask: a token that is known, for what it may do, in the name of its own team."""

import re

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
