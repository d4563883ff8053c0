"""Formats figures of a metric: shares in per cent, their differences in percentage points, money as money."""

from events.adapters.values import decimals
from events.experiments.metrics import UNITS, MetricUnit
from streams.domain.messages import Money, PercentagePoints
from streams.domain.money import money, sign_of

_MOST_DIGITS = 6


def kind_of(metric: str) -> MetricUnit:
    """In what a metric is given; one that only a newer version knows, in parts of all people."""
    return UNITS.get(metric, "part")


def total(metric: str, value: int, currency: str | None) -> str:
    """The sum over people."""
    match kind_of(metric):
        case "money":
            return money(value, currency)
        case "thousandths":
            return f"{value / 1000:,.1f}"
        case _:
            return f"{value:,}"


def mean(metric: str, value: float | None, currency: str | None) -> str:
    """By assigned person; a dash of nobody."""
    if value is None:
        return "-"
    kind = kind_of(metric)
    if kind == "money":
        return money(value, currency)
    return percent(value / 1000 if kind == "thousandths" else value)


def effect(metric: str, value: float, currency: str | None) -> str:
    """A difference of means, with its sign: `+0.39 pp` (percentage points) or `+$0.12`."""
    return signed(in_units(metric, value, currency), unit_of(metric, currency), digits_of(metric, currency))


def effect_field(metric: str, value: float, currency: str | None) -> Money | PercentagePoints:
    """The same as a field of a message."""
    if kind_of(metric) == "money":
        return Money(value, currency, signed=True)
    return PercentagePoints(in_units(metric, value, currency), digits_of(metric, currency))


def close_effect(metric: str, value: float, currency: str | None) -> str:
    """The same with more digits where it would be rounded to 0, which it is not."""
    shown, digits = in_units(metric, value, currency), digits_of(metric, currency)
    while 0 < abs(shown) < 0.5 * 10.0**-digits and digits < _MOST_DIGITS:
        digits += 1
    return signed(shown, unit_of(metric, currency), digits)


def close_effect_field(metric: str, value: float, currency: str | None) -> Money | PercentagePoints:
    """The same as a field of a message."""
    field = effect_field(metric, value, currency)
    if isinstance(field, Money):
        return field
    digits = field.digits
    while 0 < abs(field.points) < 0.5 * 10.0**-digits and digits < _MOST_DIGITS:
        digits += 1
    return PercentagePoints(field.points, digits)


def interval(metric: str, low: float, high: float, currency: str | None) -> str:
    """Both ends of it, as `effect` gives them."""
    ends = [in_units(metric, end, currency) for end in (low, high)]
    digits = digits_of(metric, currency)
    unit = unit_of(metric, currency)
    return " to ".join(signed(end, unit if unit != "pp" else "", digits) for end in ends)


def in_units(metric: str, value: float, currency: str | None) -> float:
    """A difference in points or in whole currency."""
    match kind_of(metric):
        case "money":
            return value / 10.0 ** _decimals(currency)
        case "thousandths":
            return value / 10
        case _:
            return value * 100


def unit_of(metric: str, currency: str | None) -> str:
    """`pp`, or the sign of the currency."""
    return sign_of(currency) if kind_of(metric) == "money" else "pp"


def digits_of(metric: str, currency: str | None) -> int:
    """How many a difference is given with."""
    return _decimals(currency) if kind_of(metric) == "money" else 2


def signed(value: float, unit: str, digits: int) -> str:
    """A number with its sign and its unit; nought has no sign."""
    text = f"{abs(value):,.{digits}f}"
    sign = "" if not float(text.replace(",", "")) else "+" if value > 0 else "-"
    if unit in ("pp", ""):
        return f"{sign}{text} {unit}".rstrip()
    return sign + (f"{unit} {text}" if unit.isalpha() else unit + text)


def _decimals(currency: str | None) -> int:
    return decimals(currency or "")


def percent(part: float) -> str:
    """A part of 1: `4.12 %`."""
    return f"{part * 100:.2f} %"
