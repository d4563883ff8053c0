"""The oracle's recount of the expected numbers of human opens and clicks, from the table in `docs/human.md`.

Slower than the fold's score on purpose: each open or click is compared with all other interactions. It takes for
granted that all were received within a week, as in the demo and in the tests.
"""

from datetime import datetime, timedelta

from crawleruseragents import is_crawler

from streams.demo.recount import CountedEvent, Profile

_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)
_OPEN, _CLICK = 0, 1
"""Columns of the table."""

_PRIOR = (0, 5)
_FLAG = {True: (-17, -20), False: (7, 7)}
_AGENT = {
    "personal": (8, 5),
    "proxy": (10, -13),
    "office": (7, -5),
    "bare": (-10, -5),
    "prefetch": (-20, -20),
    "program": (-20, -20),
}
_AFTER = {"donation.made": (20, 10), "form.submitted": (20, 10), "text.replied": (13, 7)}
_SECURITY = (
    "barracuda mimecast proofpoint safelinks bingpreview ironport ciscosecureemail fireeye trendmicro tmes sophos"
    " fortinet fortimail fortiguard messagelabs symantec zscaler f-secure withsecure checkpoint trellix avanan"
).split()
_PLATFORMS = ("Windows NT", "Macintosh", "iPhone", "iPad", "iPod", "X11", "Wayland", "Linux", "Android")
_BROWSERS = (
    "AppleWebKit Gecko Version Chrome Safari Firefox Edge Edg EdgA EdgiOS OPR CriOS FxiOS GSA SamsungBrowser"
    " Thunderbird Vivaldi YaBrowser DuckDuckGo Mobile Tablet"
).split()


def humans(told: list[CountedEvent]) -> Profile:
    """The fields `opens_human` and `clicks_human` of the section `email`. `told` has one version of each gift."""
    opens = [thousandths(one, told) for one in told if one.type == "email.opened"]
    clicks = [thousandths(one, told) for one in told if one.type == "email.clicked"]
    return {"opens_human": sum(opens) / 1_000, "clicks_human": sum(clicks) / 1_000}


def thousandths(act: CountedEvent, told: list[CountedEvent]) -> int:
    """The probability, in thousandths, that an open or a click was a person's, given all other interactions."""
    column = _OPEN if act.type == "email.opened" else _CLICK
    decibans = _by_look(act, told, column) + max([0, *_afterwards(act, told, column)])
    return int(1_000 / (1 + 10 ** (-decibans / 10)) + 0.5)


def _by_look(act: CountedEvent, told: list[CountedEvent], column: int) -> int:
    weights = [0]
    machine = act.fields.get("machine")
    if machine is not None:
        weights.append(_FLAG[machine][column])
    kind = kind_of(act.fields.get("user_agent"))
    if kind in _AGENT:
        weights.append(_AGENT[kind][column])
    weights.append(_timing(act, told, column))
    weights.append(_burst(act, told))
    return _PRIOR[column] + min(weights) + max(weights)


def _timing(act: CountedEvent, told: list[CountedEvent], column: int) -> int:
    arrived = _first(act, told, "email.delivered") or _first(act, told, "email.sent")
    if arrived is None:
        return 0
    if act.at - arrived <= 10 * _SECOND:
        return (-17, -20)[column]
    return -5 if act.at - arrived <= 60 * _SECOND else (0, 3)[column]


def _first(act: CountedEvent, told: list[CountedEvent], type_: str) -> datetime | None:
    return min((one.at for one in told if one.type == type_ and _same_message(one, act)), default=None)


def _same_message(one: CountedEvent, other: CountedEvent) -> bool:
    return one.fields["message_id"] == other.fields["message_id"]


def _burst(act: CountedEvent, told: list[CountedEvent]) -> int:
    if _links(act, told, 5 * _SECOND) >= 3 or _links(act, told, 30 * _SECOND) >= 5:
        return -30
    return -18 if _links(act, told, 3 * _SECOND) >= 2 else 0


def _links(act: CountedEvent, told: list[CountedEvent], within: timedelta) -> int:
    clicks = [one for one in told if one.type == "email.clicked" and _same_message(one, act)]
    return len({one.fields["url"] for one in clicks if one.fields.get("url") and abs(one.at - act.at) <= within})


def _afterwards(act: CountedEvent, told: list[CountedEvent], column: int) -> list[int]:
    weights = [
        _AFTER[one.type][column]
        for one in told
        if one.type in _AFTER and timedelta(0) <= one.at - act.at <= _DAY and (one.fields.get("instalment") or 0) <= 1
    ]
    if column == _OPEN:
        clicks = [one for one in told if one.type == "email.clicked" and one.at >= act.at and _same_message(one, act)]
        weights += [min(20, 10 + _by_look(click, told, _CLICK)) for click in clicks]
    return weights


def kind_of(user_agent: str | None) -> str:
    """The kind of a user agent, by the first rule that fits."""
    name = (user_agent or "").strip()
    if not name:
        return "absent"
    if name == "Mozilla/5.0":
        return "bare"
    if "GoogleImageProxy" in name or "ggpht.com" in name or "YahooMailProxy" in name:
        return "proxy"
    if name.endswith("Edge/12.246 Mozilla/5.0"):
        return "prefetch"
    if any(word in name.lower() for word in _SECURITY) or is_crawler(name):
        return "program"
    if any(word in name.lower() for word in ("ms-office", "msoffice", "microsoft office", "microsoft outlook")):
        return "office"
    return "personal" if _is_personal(name) else "unknown"


def _is_personal(name: str) -> bool:
    if name.startswith(("Outlook-iOS/", "Outlook-Android/")):
        return True
    start, _, rest = name.partition(" (")
    platform, closed, rest = rest.partition(")")
    if start != "Mozilla/5.0" or not closed or not platform.startswith(_PLATFORMS):
        return False
    words = rest.replace("(KHTML, like Gecko)", "").replace("like Gecko", "").split()
    return all(word.partition("/")[0] in _BROWSERS for word in words)
