"""What the console's pages say of a deployment, beside what the commands `insights` and `contact show` say of it."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import orjson

from events.times import render_time
from streams.services.console.desk import Desk
from streams.services.console.desk_cells import Everything
from streams.services.console.desk_people import people
from streams.services.console.desk_reading import latest_event_ms
from streams.services.console.desk_schema import HOUR_MS
from streams.services.console.pages.campaigns import recent
from streams.services.console.pages.field import span_of
from streams.services.console.pages.money import HOURS
from streams.services.console.pages.tonight import MONEY, SENT, STOPS
from streams.services.console.words import Words
from tests.integration.command import ended_well, harmonia

_FIGURE = re.compile(r'<div class="label">([^<]+)</div>\s*<div class="value">([^<]+)</div>')
_ROW = re.compile(r'<th scope="row"><a class="id" href="/campaigns/([^"]+)">.*?</tr>', re.DOTALL)
_CELL = re.compile(r'data-label="([^"]+)">([^<]*)<')
_FACT = re.compile(r"<dt>([^<]+)</dt>\s*<dd>(.*?)</dd>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>.*?</[^>]+>|<[^>]+>", re.DOTALL)
_PEOPLE = 4
"""So many givers, and as many others."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """`ask`: the text of a page, `tell`: sends a form; `environment` leads to the servers, the lake and the desk."""

    ask: Callable[[str], str]
    tell: Callable[[str, Mapping[str, str]], object]
    folder: Path
    environment: Mapping[str, str]

    def insights(self, since: int, until: int, *words: str) -> Any:
        """What the command answers about a span of time."""
        span = ("--from", render_time(since), "--to", render_time(until))
        return orjson.loads(ended_well(self._run("insights", *words, *span, "--json")).stdout)

    def total(self, metrics: tuple[str, ...], since: int, until: int) -> int:
        """How many there are of some types in a span, or the sum of an amount."""
        found = [self.insights(since, until, metric, "--by", "hour") for metric in metrics]
        return sum(each["total"] for one in found for each in one["series"])

    def profile(self, contact_id: str) -> Any:
        """What the command shows of somebody."""
        return orjson.loads(ended_well(self._run("contact", "show", contact_id, "--json")).stdout)

    def _run(self, *words: str) -> Any:
        return harmonia(self.folder, *words, environment=self.environment)


def assert_pages_agree(deployment: Deployment) -> None:
    """Hold figures of four pages to the lake's, and some people's to their profiles."""
    desk = Desk.open(Path(deployment.environment["HARMONIA_DESK"]))
    now = latest_event_ms(desk)
    assert now is not None
    field = span_of(desk, now)
    assert field is not None
    known = [each.contact_id for kind in ("givers", "all") for each in people(desk, kind, Everything(), _PEOPLE)]
    desk.close()
    words = Words("en", deployment.environment["HARMONIA_TIME_ZONE"])
    _tonight(deployment, now, words)
    _money(deployment, now, words)
    _field(deployment, field, words)
    _campaigns(deployment, now)
    for contact_id in dict.fromkeys(known):
        _person(deployment, contact_id, words)


def _tonight(deployment: Deployment, now: int, words: Words) -> None:
    until = now // 300_000 * 300_000
    told = _figures(deployment.ask("/"))
    expected = {"Doors and calls": ("canvass.reported",), "Messages sent": SENT, "Left or complained": STOPS}
    for label, types in expected.items():
        assert told[label] == words.number(deployment.total(types, until - HOUR_MS, until)), label
    gifts = deployment.total(MONEY, until - HOUR_MS, until)
    net = deployment.total(("net",), until - HOUR_MS, until)
    shown = "–" if 0 < gifts < 10 else words.money(net, "USD", whole=True)
    assert told["Raised, less refunds"] in (shown, "0" if not gifts else shown)


def _money(deployment: Deployment, now: int, words: Words) -> None:
    since = now // HOUR_MS * HOUR_MS - (HOURS - 1) * HOUR_MS
    text = deployment.ask("/money")
    told = _figures(text)
    gifts = deployment.total(("donation.made",), since, now + 1)
    assert gifts >= 10, "the day of the demo has money that may be shown"
    assert told["Gifts"] == words.number(gifts)
    assert told["Refunds"] == words.number(deployment.total(("donation.refunded",), since, now + 1))
    assert told["Raised, less refunds"] == words.money(deployment.total(("net",), since, now + 1), "USD")
    assert words.money(deployment.total(("gross",), since, now + 1), "USD") in unescape(text)


def _field(deployment: Deployment, span: Any, words: Words) -> None:
    told = _figures(deployment.ask("/field"))
    assert told["Doors and calls"] == words.number(deployment.total(("canvass.reported",), span.since, span.until))


def _campaigns(deployment: Deployment, now: int) -> None:
    span = recent(now)
    rows = dict(_rows(deployment.ask("/campaigns")))
    assert rows
    for campaign, told in rows.items():
        documents = deployment.insights(span.since, span.until, "--campaign", campaign)
        counts = {each["metric"]: sum(one["total"] for one in each["series"]) for each in documents}
        for label, types in (
            ("Sent", ("email.sent", "text.sent")),
            ("Delivered", ("email.delivered", "text.delivered")),
            ("Complaints", ("email.complained",)),
        ):
            expected = sum(counts.get(name, 0) for name in types)
            assert told[label] in ((f"{expected:,}",) if expected else ("–", "0")), (campaign, label)


def _person(deployment: Deployment, contact_id: str, words: Words) -> None:
    deployment.tell("/people", {"for": contact_id, "reason": "task"})
    told = _facts(deployment.ask(f"/people/{contact_id}"))
    profile = deployment.profile(contact_id)
    canvass, net = profile["canvass"], profile["donations"]["net"]
    assert told["Doors and calls"] == f"{canvass['contacts']} of {canvass['attempts']} met"
    assert told["Gifts, net"] == (words.amounts(net) if net else "–")
    assert told["E-mail"] == ("subscribed" if profile["email"]["subscribed"] else "unsubscribed")
    assert told["Region"].split() == [profile["zones"]["region"] or "–"]


def _figures(text: str) -> dict[str, str]:
    """The first figure of each name on a page."""
    found: dict[str, str] = {}
    for label, value in _FIGURE.findall(text):
        found.setdefault(unescape(label), unescape(value))
    return found


def _rows(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    for row in _ROW.finditer(text):
        yield row[1], {label: unescape(value).strip() for label, value in _CELL.findall(row[0])}


def _facts(text: str) -> dict[str, str]:
    return {unescape(name): unescape(_TAG.sub("", value)).strip() for name, value in _FACT.findall(text)}
