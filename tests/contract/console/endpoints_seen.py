"""Endpoints of `harmonia deliver` in every state that they can be in."""

from events.times import render_time
from streams.services.console.deliveries_observer import EndpointsSeen
from streams.services.deliver.reading import EndpointState

MINUTE, HALF = 60_000, 30_000
"""Half a minute more, so that it is the same minute some moments later."""


def endpoints_seen(now: int) -> EndpointsSeen:
    """What a look at the topics of deliveries finds."""
    well = EndpointState(
        "field-app", 2, 0, None, now - 3 * MINUTE - HALF, 7, 0, 0, None, None, is_asked_to_replay=False
    )
    down = well._replace(
        id="war-room", waiting=4_321, retried=4, failures=5, open_until=render_time(now + MINUTE + HALF)
    )
    refuses = well._replace(id="crm", retried=1, next_at=now + 10 * MINUTE + HALF, is_asked_to_replay=True)
    closed = well._replace(id="old-app", dead=9, disabled_at=render_time(now - 120 * MINUTE - HALF))
    return EndpointsSeen(now, [well, down, refuses, closed])
