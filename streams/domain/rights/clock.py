"""The time that a request gives: one month from the day it was received, three where it was extended.

Counted as Regulation (EEC, Euratom) No 1182/71 counts months, to the same date or the last day of a shorter month; that
it lets a period end later where its last day is no working day is left out, so nobody is late by this.
"""

from calendar import monthrange
from datetime import date

ANSWER_MONTHS = 1
EXTENDED_MONTHS = 3
"""One month and two further ones, both from the day of receipt."""


def months_after(day: date, months: int) -> date:
    """The same date so many months later, or the last day of that month where it has no such date."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def answer_due(received: date) -> date:
    """The last day on which the person may be told what was done, or that it takes longer."""
    return months_after(received, ANSWER_MONTHS)


def extended_due(received: date) -> date:
    """The last day of a request that was extended."""
    return months_after(received, EXTENDED_MONTHS)
