"""Previews over HTTP: what workers have answered, mistakes by field, and nothing where nobody answers."""

from typing import Any

import pytest

from streams.domain.segments.previews import PreviewProgress
from tests.contract.api.desk import PARTITIONS, Answer, Desk

HOSTS = {"id": "hosts", "all": [{"tag": "host"}]}


async def preview(desk: Desk, body: Any, token: str = "reader", query: str = "") -> Answer:
    return await desk.post(body, token, "/v1/segments/preview", query)


def answered(desk: Desk, partitions: int, judged: int = 10) -> None:
    desk.answers = {number: PreviewProgress(1, 10, judged, judged, (3,), is_done=True) for number in range(partitions)}


async def test_a_preview_says_how_many_and_of_how_many(desk: Desk) -> None:
    answered(desk, PARTITIONS)
    answer = await preview(desk, {"segment": [HOSTS]}, query="exact=true")
    assert answer.status == 200
    assert answer.json == {
        "segments": [{"id": "hosts", "count": 12, "low": 12, "high": 12}],
        "people": 40,
        "judged": 40,
        "exact": True,
        "partitions": {"answered": 4, "all": 4},
    }
    assert [(asked.asked, asked.is_exact) for asked in desk.asked] == [(("hosts",), True)]


async def test_partitions_that_are_silent_are_told_of(desk: Desk) -> None:
    answered(desk, 3, judged=5)
    found = (await preview(desk, {"segment": [HOSTS]})).json
    assert (found["partitions"], found["exact"]) == ({"answered": 3, "all": 4}, False)
    [hosts] = found["segments"]
    assert hosts["low"] < hosts["count"] < hosts["high"]


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


async def test_a_preview_needs_the_scope_read(desk: Desk) -> None:
    assert (await preview(desk, {"segment": [HOSTS]}, "asker")).status == 403
