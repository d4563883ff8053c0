"""Where reading goes on, without a broker."""

import pytest
from faust.types import TP

from streams.domain.delivery.endpoints import Endpoint
from streams.domain.delivery.standing import Standing
from streams.services.deliver.beginning import unread_and_gone, within

ROOM = Endpoint.model_validate({"id": "room", "kind": "slack", "url": "https://e.example", "topics": ["system-alerts"]})


@pytest.mark.parametrize(
    ("position", "start", "end", "goes_on", "expired"),
    [(5, 0, 9, 5, 0), (5, 8, 9, 8, 3), (5, 0, 3, 3, 0), (0, 4, 9, 4, 4)],
)
def test_reading_goes_on_where_the_topic_has_something_and_what_is_gone_unread_is_counted(
    position: int, start: int, end: int, goes_on: int, expired: int
) -> None:
    standing = Standing("t", position)
    assert within(ROOM, TP("system-alerts", 0), standing, start, end).position == goes_on
    assert unread_and_gone(standing, start) == expired
