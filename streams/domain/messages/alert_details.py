"""Alerts for people: the name of a rule, and the detail of an alert read back to its code."""

import re
from collections.abc import Mapping
from functools import lru_cache

from events.times import parse_time
from streams.domain.messages.fields import CodedMessage, Field, Instant, Listed, Share, message
from streams.domain.messages.reading_back import ReadField, number, read_back
from streams.domain.messages.texts import TEMPLATES

_TOO_MUCH = (
    *("alert_detail.cap_of_purpose_on_all", "alert_detail.cap_on_all"),
    *("alert_detail.cap_of_purpose", "alert_detail.cap", "alert_detail.points"),
)
DETAILS: Mapping[str, tuple[str, ...]] = {
    "over_cap": _TOO_MUCH,
    "complaint_after_pressure": _TOO_MUCH,
    "unsubscribe_after_pressure": _TOO_MUCH,
    "double_touch": ("alert_detail.double_touch",),
    "touch_after_stop": ("alert_detail.touch_after_stop",),
    "erased": ("alert_detail.erased",),
    "campaign_complaints": ("alert_detail.complaints",),
    "campaign_unsubscribes": ("alert_detail.unsubscribes",),
    "experiment_split_broken": ("alert_detail.split",),
    "experiment_guardrail": ("alert_detail.guardrail",),
    "identity_crowded": ("alert_detail.crowded",),
    "identity_disputed": ("alert_detail.disputed",),
    "identity_overruled": ("alert_detail.overruled",),
    "identity_saturated": ("alert_detail.saturated",),
    "source_quarantined": ("alert_detail.quarantined",),
}
"""Codes of details by rule."""


def rule_message(rule: str) -> CodedMessage:
    """The name of a rule; one that only a newer version knows stays the word that it is."""
    return _coded(f"alert.{rule}", rule)


@lru_cache(maxsize=1_000)
def detail_message(rule: str, detail: str) -> CodedMessage:
    """The message of an alert's detail. Its English sentence is this text again, to the letter."""
    return read_back(detail, DETAILS.get(rule, ()), _FIELDS)


def _coded(code: str, word: str) -> CodedMessage:
    return message(code) if code in TEMPLATES else message("text", text=word)


def _channel(text: str) -> Field:
    return _coded(f"channel.{text}", text)


def _purpose(text: str) -> Field:
    return _coded(f"purpose.{text}", text)


def _reason(text: str) -> Field:
    return _coded(f"stop.{text}", text)


_UNITS = {"d": "span.days", "h": "span.hours", "m": "span.minutes"}
_is_span = re.compile(r"(\d[\d,]*)([dhm])", re.ASCII).fullmatch
_is_percent = re.compile(r"([\d.e+-]+) %", re.ASCII).fullmatch


def _span(text: str) -> Field:
    found = _is_span(text)
    return text if found is None else message(_UNITS[found[2]], n=number(found[1]))


def _percent(text: str) -> Field:
    found = _is_percent(text)
    return text if found is None else message("percent", percent=_decimal(found[1]))


def _decimal(text: str) -> Field:
    """A number as `3`, `0.304` or `+0.39`."""
    try:
        return int(text) if text.isdecimal() else float(text)
    except ValueError:
        return text


_VARIANT = re.compile(r"(.+?) (\d[\d,]*)(?:, |$)", re.DOTALL | re.ASCII)


def _variants(text: str) -> Field:
    found = _VARIANT.findall(text)
    return Listed(tuple(message("alert_detail.variant_people", variant=name, people=number(n)) for name, n in found))


def _how(text: str) -> Field:
    return _coded(f"alert_detail.{text}", text)


def _metric(text: str) -> Field:
    return _coded(f"metric_name.{text}", text)


def _share(text: str) -> Field:
    plain = text.removesuffix("%")
    return Share(int(plain), 100) if plain.isdecimal() else text


def _instant(text: str) -> Field:
    at = parse_time(text)
    return text if at is None else Instant(at)


def _least(text: str) -> Field:
    """The least number of messages, or the least time between two touches."""
    return _span(text) if _is_span(text) else number(text)


_FIELDS: Mapping[str, ReadField] = {
    **dict.fromkeys(("channel", "other_channel"), _channel),
    **dict.fromkeys(("age", "span", "apart"), _span),
    **dict.fromkeys(("touches", "points", "most", "count", "messages", "refused"), number),
    **dict.fromkeys(("rate", "limit"), _percent),
    "purpose": _purpose,
    "reason": _reason,
    "how": _how,
    "share": _share,
    "metric": _metric,
    "until": _instant,
    "parts": _variants,
    "more": _decimal,
    "least": _least,
}
