"""`GET /v1/insights`, with a program in place of the one that reads history."""

import pytest

from tests.contract.api.desk import SERIES, Desk


async def test_an_answer_is_what_the_command_prints(desk: Desk) -> None:
    answer = await desk.get("/v1/insights", query="metric=email.sent&from=2012-02-21&to=2012-02-22")

    assert (answer.status, answer.json) == (200, SERIES)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "metric"),
        ("metric=contact.erased", "metric"),
        ("metric=net&channel=email", "channel"),
        ("metric=net&from=2012-02-22&to=2012-02-21", "from"),
        ("metric=net&metric=gross", "metric"),
        ("metric=net&campain=gotv", "campain"),
        ("metric=net&team=%00", "team"),
    ],
)
async def test_what_is_wrong_is_named(desk: Desk, query: str, field: str) -> None:
    answer = await desk.get("/v1/insights", query=query)

    assert (answer.status, answer.json["code"]) == (422, "invalid")
    assert [one["field"] for one in answer.json["mistakes"]] == [field]


async def test_only_who_may_read_is_answered(desk: Desk) -> None:
    assert (await desk.get("/v1/insights", "asker", query="metric=net")).status == 403


async def test_where_history_cannot_be_read_there_is_no_answer(desk: Desk) -> None:
    answer = await desk.get("/v1/insights", query="metric=net&team=broken")

    assert (answer.status, answer.json["code"]) == (503, "insights_unavailable")
    assert answer.headers["retry-after"] == "2"
