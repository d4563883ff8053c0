"""`GET /v1/insights`, with a program in place of the one that reads history."""

from tests.contract.api.desk import SERIES, Desk


async def test_an_answer_is_what_the_command_prints(desk: Desk) -> None:
    answer = await desk.get("/v1/insights", query="metric=email.sent&from=2012-02-21&to=2012-02-22")

    assert (answer.status, answer.json) == (200, SERIES)


async def test_where_history_cannot_be_read_there_is_no_answer(desk: Desk) -> None:
    answer = await desk.get("/v1/insights", query="metric=net&team=broken")

    assert (answer.status, answer.json["code"]) == (503, "insights_unavailable")
    assert answer.headers["retry-after"] == "2"
