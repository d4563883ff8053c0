"""Amounts as people write them: `$1,205.00`, `-€3.10`, `JPY 120`. Programs get minor units, as the contract says."""

from collections.abc import Mapping

from events.adapters.values import decimals

_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}


def money(minor: float, currency: str | None) -> str:
    """An amount in minor units, of which ISO 4217 says how many make a whole one; without a currency in hundredths."""
    digits = decimals(currency or "")
    text = f"{abs(minor) / 10**digits:,.{digits}f}"
    is_nought = not float(text.replace(",", ""))
    return ("-" if minor < 0 and not is_nought else "") + with_sign(text, currency)


def every_currency(amounts: Mapping[str, int], nothing: str) -> str:
    """Minor units by currency: `$12.00 + €3.10`; `nothing` where there are none."""
    return " + ".join(money(amount, currency) for currency, amount in sorted(amounts.items())) or nothing


def with_sign(text: str, currency: str | None) -> str:
    """A number with the sign of its currency, or with its code where it has none that everybody knows."""
    sign = sign_of(currency)
    return f"{sign} {text}".lstrip() if sign.isalpha() or not sign else sign + text


def sign_of(currency: str | None) -> str:
    """`$`, or the code."""
    return _SIGNS.get(currency or "", currency or "")
