"""When Redis counts as showing an order to hold or to lift."""

import pytest

from sinks.holds import Hold, HoldReply
from streams.operations.campaign_holds import HoldOrder, is_shown

FOR_EVER, UNTIL, LIFT = (HoldOrder("a", until, lift, "x") for until, lift in ((None, False), (9, False), (None, True)))


@pytest.mark.parametrize(
    ("order", "found", "shown"),
    [
        (FOR_EVER, None, None),
        (FOR_EVER, HoldReply(Hold("a", None), 5), None),
        (FOR_EVER, HoldReply(Hold("a", None), 6), True),
        (FOR_EVER, HoldReply(Hold("a", 9), 6), False),
        (UNTIL, HoldReply(Hold("a", 9), 7), True),
        (UNTIL, HoldReply(None, 7), False),
        (LIFT, HoldReply(None, 6), True),
        (LIFT, HoldReply(Hold("a", None), 6), False),
    ],
)
def test_an_order_is_shown_once_redis_has_come_past_it_and_says_the_same(
    order: HoldOrder, found: HoldReply | None, shown: bool | None
) -> None:
    assert is_shown(order, 5, found) is shown
