"""Formats figures for people: times, amounts, shares and changes."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from events.adapters.values import decimals
from streams.domain.money import money as as_money

NOTHING = "–"
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def as_time(moment: int, zone: str) -> str:
    """`17:00 on 31 May 2012`, from ms since 1970."""
    at = (_EPOCH + timedelta(milliseconds=moment)).astimezone(ZoneInfo(zone))
    return f"{at:%H:%M} on {at.day} {at:%B %Y}"


def number(value: int) -> str:
    """`12,345`."""
    return f"{value:,}"


def money(amount: int | None, currency: str) -> str:
    """Minor units as `$1,234.56`; a dash where there is no amount."""
    return NOTHING if amount is None else as_money(amount, currency)


def all_money(amounts: Mapping[str, int]) -> str:
    """Amounts in every currency, without cents."""
    return " + ".join(_whole(amount, currency) for currency, amount in sorted(amounts.items())) or NOTHING


def _whole(amount: int, currency: str) -> str:
    unit = 10 ** decimals(currency)
    return money(round(amount / unit) * unit, currency).replace(f".{'0' * decimals(currency)}", "")


def share(part: int, whole: int, decimals: int = 0) -> str:
    """`26%`; a dash for a share of nothing."""
    return f"{100 * part / whole:.{decimals}f}%" if whole else NOTHING


def change(now: int | None, before: int | None) -> str:
    """`+12%`; a dash for a change from nothing."""
    if not before or before < 0 or now is None:
        return NOTHING
    return f"{round(100 * (now - before) / before):+d}%"


def thousandths(value: int) -> str:
    """An expected number given in thousandths, `17.9`; large ones without the tenth."""
    return f"{value / 1000:,.1f}" if value < 1_000_000 else f"{value / 1000:,.0f}"
