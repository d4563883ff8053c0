"""Previews over HTTP: what workers have answered, mistakes by field, and nothing where nobody answers."""

from typing import Any

import pytest

from streams.domain.segments.previews import PreviewProgress
from streams.services.permission.audit_log import AuditUnavailable
from tests.contract.api.desk import PARTITIONS, Answer, Desk

HOSTS = {"id": "hosts", "all": [{"tag": "host"}]}


async def preview(desk: Desk, body: Any, token: str = "reader", query: str = "") -> Answer:
    return await desk.post(body, token, "/v1/segments/preview", query)


def answered(desk: Desk, partitions: int, judged: int = 10, members: int = 3, known: int = 10) -> None:
    progress = PreviewProgress(1, known, judged, judged, (members,), is_done=True)
    desk.answers = dict.fromkeys(range(partitions), progress)


async def test_a_preview_says_how_many_and_of_how_many(desk: Desk) -> None:
    answered(desk, PARTITIONS)
    answer = await preview(desk, {"segment": [HOSTS]}, query="exact=true")
    assert answer.status == 200
    assert answer.json == {
        "segments": [{"id": "hosts", "count": 10, "low": 10, "high": 20}],
        "people": 40,
        "judged": 40,
        "exact": True,
        "partitions": {"answered": 4, "all": 4},
    }
    assert [(asked.asked, asked.is_exact) for asked in desk.asked] == [(("hosts",), True)]


async def test_partitions_that_are_silent_are_told_of(desk: Desk) -> None:
    answered(desk, 3, judged=50, members=30, known=100)
    found = (await preview(desk, {"segment": [HOSTS]})).json
    assert (found["partitions"], found["exact"]) == ({"answered": 3, "all": 4}, False)
    [hosts] = found["segments"]
    assert hosts["low"] < hosts["count"] < hosts["high"]


@pytest.mark.parametrize(("judged", "is_exact"), [(10, "true"), (5, "false")])
async def test_an_answer_is_the_same_for_none_to_nine_judged_members(desk: Desk, judged: int, is_exact: str) -> None:
    answers = []
    for members in range(12):
        one = PreviewProgress(1, 100, 10 * judged, 10 * judged, (members,), is_done=True)
        desk.answers = {0: one, **dict.fromkeys(range(1, PARTITIONS), PreviewProgress(1, 1, 1, 1, (0,), is_done=True))}
        answers.append((await preview(desk, {"segment": [HOSTS]}, query=f"exact={is_exact}")).json["segments"])
    assert all(answer == answers[0] for answer in answers[:10])
    assert answers[0][0]["count"] is None
    assert (answers[0][0]["low"], answers[10][0]["low"]) == (0, 10)
    assert answers[10] != answers[9]


async def test_previews_are_written_down_before_they_are_asked_and_are_thirty_a_minute(desk: Desk) -> None:
    answered(desk, PARTITIONS)
    seen = [(await preview(desk, {"segment": [HOSTS]})).status for _ in range(31)]
    refused = await preview(desk, {"segment": [HOSTS]})
    assert seen == [200] * 30 + [429]
    assert (refused.json["code"], refused.headers["retry-after"]) == ("too_often", "60")
    assert len(desk.asked) == 30
    told = [(record["what"], record["team"], record["criteria"][0]["id"]) for record in desk.audited()]
    assert told == [("preview", "reader", "hosts")] * 30
    assert (await preview(desk, {"segment": [HOSTS]}, token="digital")).status == 200


async def test_each_definition_of_a_preview_counts(desk: Desk) -> None:
    whole = PreviewProgress(1, 100, 100, 100, (50,) * 20, is_done=True)
    desk.answers = dict.fromkeys(range(PARTITIONS), whole)
    twenty = {"segment": [HOSTS | {"id": f"hosts-{number}"} for number in range(20)]}
    assert [(await preview(desk, twenty)).status for _ in range(2)] == [200, 429]


async def test_nothing_is_previewed_that_cannot_be_written_down(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(_: object) -> None:
        raise AuditUnavailable

    monkeypatch.setattr(desk.audit, "hand", no_room)
    answer = await preview(desk, {"segment": [HOSTS]})
    assert (answer.status, answer.json["code"], desk.asked) == (503, "audit_unavailable", [])


async def test_where_no_worker_answers_there_is_no_number(desk: Desk) -> None:
    answer = await preview(desk, {"segment": [HOSTS]})
    assert (answer.status, answer.json["code"]) == (503, "preview_unavailable")


@pytest.mark.parametrize(
    ("body", "query", "field", "cure"),
    [
        ({"segment": [{"id": "x", "all": [{"tugg": "a"}]}]}, "", "segment[0].all[0]", "correct it"),
        ({"segment": [{"id": "x"}]}, "", "segment[0]", "add all, any or none"),
        (b"[", "", "segment", "correct that place"),
        ({"segment": [HOSTS]}, "exact=1", "exact", "give true or false"),
        ({"segment": [{"id": "x", "any": [{"segment": "x"}]}]}, "", "x", "take one of these references out"),
    ],
)
async def test_each_mistake_is_told_with_its_field_and_the_cure(
    desk: Desk, body: Any, query: str, field: str, cure: str
) -> None:
    answer = await preview(desk, body, query=query)
    assert (answer.status, answer.json["code"], desk.asked) == (422, "invalid", [])
    [mistake] = answer.json["mistakes"]
    assert mistake["field"] == field
    assert cure in mistake["cure"]


async def test_what_was_sent_is_not_repeated(desk: Desk) -> None:
    body = {"segment": [{"id": "ada@example.org", "all": [{"ada@example.org": 1}]}]}
    answer = await preview(desk, body)
    assert answer.status == 422
    assert b"example.org" not in answer.body
