"""Which times may be asked about: those of something that is about to be sent.

Of a later time too little is known: all that is sent until then is missing, and a year that was mistyped would find
every cap empty. Of the past a profile knows no more what was known then, and an allow would expire before it is given.
"""

from streams.pressure.spans import DAY, MINUTE

AHEAD_MS = 7 * DAY
BACK_MS = 5 * MINUTE
"""What was asked about now may have been on its way for a while."""


def out_of_reach(at: int, now: int, reserve_ms: int | None = None) -> str | None:
    """Why `at` may not be asked about, with the cure; None: it may. ms since 1970; `reserve_ms`: from now on."""
    if at < now - BACK_MS:
        return "is more than 5 minutes ago: leave it out, and now is meant"
    if at > now + AHEAD_MS:
        return "is more than 7 days ahead: what will be sent until then is not known; ask again when it is nearer"
    if reserve_ms is not None and at > now + reserve_ms:
        return "is after the end of the reservation, so others might be allowed before it: reserve for longer"
    return None
