"""The time that a request gives: one month from the day it was received, three where it was extended.

Counted as Regulation (EEC, Euratom) No 1182/71 counts months, to the same date or the last day of a shorter month; that
it lets a period end later where its last day is no working day is left out, so nobody is late by this.
"""

from calendar import monthrange
from datetime import MAXYEAR, date

ANSWER_MONTHS = 1
EXTENDED_MONTHS = 3
"""One month and two further ones, both from the day of receipt."""
OLDEST_RECEIPT_MONTHS = 120
"""What came longer ago is a slip of the pen."""


def may_have_come(received: date, today: date) -> bool:
    """Whether a request that is written down today may have come on this day."""
    return months_after(today, -OLDEST_RECEIPT_MONTHS) <= received <= today


def months_after(day: date, months: int) -> date:
    """The same date so many months later, or the last day of that month where it has no such date.

    What would be after the last year there is ends with it: no day that somebody wrote down stops the clock of others.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > MAXYEAR:
        return date.max
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def answer_due(received: date) -> date:
    """The last day on which the person may be told what was done, or that it takes longer."""
    return months_after(received, ANSWER_MONTHS)


def extended_due(received: date) -> date:
    """The last day of a request that was extended."""
    return months_after(received, EXTENDED_MONTHS)
