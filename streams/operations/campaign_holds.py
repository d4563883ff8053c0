"""Puts campaigns on hold and lifts that: sends the order to its topic, and waits until Redis shows it.

Every answer about permissions comes from Redis, so what was only sent may still be on its way while a mailing goes out.
"""

import time
from contextlib import closing
from dataclasses import dataclass

from events.topics import CAMPAIGN_HOLDS
from sinks.holds import HoldReply, look_up_hold
from streams.domain.campaigns.holds import hold_record, lift_record
from streams.platform.clients import KafkaClients, tool_redis
from streams.platform.settings import Settings

_LOOK_AGAIN_S = 0.02


@dataclass(frozen=True, slots=True)
class HoldOrder:
    """An order to hold a campaign or to lift that. `until`: ms since 1970, None for ever; no meaning where `lift`.

    `by`: who decides.
    """

    campaign: str
    until: int | None
    lift: bool
    by: str


def send_order(settings: Settings, order: HoldOrder, now_ms: int) -> int:
    """Send an order; returns the offset of its record. Raises KafkaError."""
    said = lift_record(order.campaign) if order.lift else hold_record(order.campaign, order.until, order.by, now_ms)
    with closing(KafkaClients(settings).tool_producer()) as producer:
        key, value = said
        return int(producer.send(CAMPAIGN_HOLDS, value, key, partition=0).get().offset)


def is_shown(order: HoldOrder, offset: int, found: HoldReply | None) -> bool | None:
    """Whether Redis shows the order that has this offset; None: it has not come so far yet."""
    if found is None or found.offset <= offset:
        return None
    on = None if found.hold is None else (found.hold.until,)
    return on == (None if order.lift else (order.until,))


def wait_until_shown(settings: Settings, order: HoldOrder, offset: int, wait_s: float) -> bool:
    """Whether Redis shows the order in time. Redis does not notify, so it is polled. Raises RedisError."""
    given_up = time.monotonic() + wait_s
    with closing(tool_redis(settings)) as client:
        while True:
            shown = is_shown(order, offset, look_up_hold(client, order.campaign))
            if shown is not None:
                return shown
            if time.monotonic() >= given_up:
                return False
            time.sleep(_LOOK_AGAIN_S)
