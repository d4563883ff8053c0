"""What the console's pages say of a deployment, beside what the commands `insights` and `contact show` say of it."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from typer.testing import CliRunner

from events.times import render_time
from streams.cli.main import app
from streams.history.insights.answering import LoadedHistory, ask_now
from streams.history.insights.question import Question, question_of
from streams.history.insights.series import answer_questions, document_of
from streams.platform.settings import Settings
from streams.services.console.desk import Desk
from streams.services.console.desk_cells import Everything, Span
from streams.services.console.desk_people import PeopleFilter, people
from streams.services.console.desk_reading import latest_event_ms
from streams.services.console.desk_schema import COARSE_MS, HOUR_MS
from streams.services.console.pages.campaigns import recent
from streams.services.console.pages.field import span_of
from streams.services.console.pages.money import HOURS
from streams.services.console.pages.tonight import SENT, STOPS
from streams.services.console.rights import FEWEST
from streams.services.console.words import Words
from streams.worker.app import wall_clock

_FIGURE = re.compile(r'<div class="label">([^<]+)</div>\s*<div class="value">([^<]+)</div>')
_ROW = re.compile(r'<th scope="row"><a class="id" href="/campaigns/([^"]+)">.*?</tr>', re.DOTALL)
_CELL = re.compile(r'data-label="([^"]+)">([^<]*)<')
_FACT = re.compile(r"<dt>([^<]+)</dt>\s*<dd>(.*?)</dd>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>.*?</[^>]+>|<[^>]+>", re.DOTALL)
_STOCK = re.compile(r'<td class="number" data-label="Net">\$([\d,.]+)</td></tr>')
_OF_CAMPAIGNS = {
    "Sent": ("email.sent", "text.sent"),
    "Delivered": ("email.delivered", "text.delivered"),
    "Complaints": ("email.complained",),
}
_MOST_MS = 5 * 365 * 86_400_000
"""The longest span of time of which insights are asked; the demo's data are of three of them."""
_PEOPLE = 4
"""So many givers, and as many others."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """`ask`: the text of a page, `tell`: sends a form; `environment` leads to the servers, the lake and the desk."""

    ask: Callable[[str], str]
    tell: Callable[[str, Mapping[str, str]], object]
    environment: Mapping[str, str]

    def run(self, *words: str) -> Any:
        """What a command prints, as JSON; in this process, since its libraries take seconds to load."""
        ended = CliRunner().invoke(app, words, env={**self.environment})
        assert ended.exit_code == 0, ended.output
        return orjson.loads(ended.stdout)


class Asked(NamedTuple):
    """A question that `harmonia insights` may be asked: of a metric, a span of time, and one campaign or all."""

    metric: str
    since: int
    until: int
    campaign: str = ""

    @property
    def said(self) -> dict[str, str]:
        """Its parameters."""
        span = {"from": render_time(self.since), "to": render_time(self.until)}
        named = {"campaign": self.campaign} if self.campaign else {}
        return {"metric": self.metric, "by": "week", **span, **named}


class History:
    """What the lake and the topics say, asked many times and read once, which takes a while."""

    def __init__(self, deployment: Deployment, asked: Collection[Asked]) -> None:
        settings = Settings(_env_file=None, **_settings_of(deployment.environment))
        found = [question_of(each.said, settings.time_zone, wall_clock()) for each in asked]
        questions = [each for each in found if isinstance(each, Question)]
        assert len(questions) == len(asked)

        def answered(read: LoadedHistory) -> list[Any]:
            found = answer_questions(read.history, questions)
            return [document_of(*each, read.as_of, None) for each in zip(questions, found, strict=True)]

        documents = ask_now(settings, answered, lambda _: None)
        self._totals = {
            each: sum(one["total"] for one in document["series"])
            for each, document in zip(asked, documents, strict=True)
        }

    def total(self, metrics: Collection[str], since: int, until: int, campaign: str = "") -> int:
        """How many there are of some types, or the sum of an amount."""
        return sum(int(self._totals[Asked(metric, since, until, campaign)]) for metric in metrics)


def assert_pages_agree(deployment: Deployment) -> None:
    """Hold figures of four pages to those of the lake, and some people's to their profiles."""
    desk = Desk.open(Path(deployment.environment["HARMONIA_DESK"]))
    now, field = latest_event_ms(desk), None
    assert now is not None
    field = span_of(desk, now)
    assert field is not None
    kinds: tuple[PeopleFilter, ...] = ("givers", "all")
    known = [each.contact_id for kind in kinds for each in people(desk, kind, Everything(), _PEOPLE)]
    desk.close()
    hour = Span(now // COARSE_MS * COARSE_MS - HOUR_MS, now // COARSE_MS * COARSE_MS)
    day = Span(now // HOUR_MS * HOUR_MS - (HOURS - 1) * HOUR_MS, now + 1)
    rows = dict(_rows(deployment.ask("/campaigns")))
    assert rows
    asked = [Asked(metric, *hour) for metric in (*SENT, *STOPS, "canvass.reported", "donation.made", "net")]
    asked += [Asked(metric, *day) for metric in ("donation.made", "donation.refunded", "gross", "net")]
    asked += [Asked("canvass.reported", *field), *(Asked("net", *span) for span in _ever(day.until))]
    of_campaigns = [metric for types in _OF_CAMPAIGNS.values() for metric in types]
    asked += [Asked(metric, *recent(now), name) for metric in of_campaigns for name in rows]
    history = History(deployment, dict.fromkeys(asked))
    words = Words("en", deployment.environment["HARMONIA_TIME_ZONE"])
    _tonight(deployment, history, hour, words)
    _money(deployment, history, day, words)
    doors = history.total(("canvass.reported",), *field)
    assert _figures(deployment.ask("/field"))["Doors and calls"] == words.number(doors)
    for name, told in rows.items():
        for label, types in _OF_CAMPAIGNS.items():
            count = history.total(types, *recent(now), name)
            assert told[label] in ((words.number(count),) if count else ("–", "0")), (name, label)
    span = ("--from", render_time(field.since), "--to", render_time(field.until))
    document = deployment.run("insights", "canvass.reported", "--by", "hour", *span, "--json")
    assert sum(one["total"] for one in document["series"]) == doors
    for contact_id in dict.fromkeys(known):
        _person(deployment, contact_id, words)


def _settings_of(environment: Mapping[str, str]) -> dict[str, Any]:
    return {name.removeprefix("HARMONIA_").lower(): value for name, value in environment.items()}


def _tonight(deployment: Deployment, history: History, hour: Span, words: Words) -> None:
    told = _figures(deployment.ask("/"))
    expected = {"Doors and calls": ("canvass.reported",), "Messages sent": SENT, "Left or complained": STOPS}
    for label, types in expected.items():
        assert told[label] == words.number(history.total(types, *hour)), label
    gifts, net = (history.total((metric,), *hour) for metric in ("donation.made", "net"))
    if gifts >= FEWEST:
        assert told["Raised, less refunds"] == words.money(net, "USD", whole=True)
    else:
        assert told["Raised, less refunds"] in ("–", "$0", "0")


def _money(deployment: Deployment, history: History, day: Span, words: Words) -> None:
    """The last day, of which sums of few gifts are not told, and what all committees were given so far."""
    text = deployment.ask("/money")
    told = _figures(text)
    gifts, refunds = (history.total((metric,), *day) for metric in ("donation.made", "donation.refunded"))
    assert (told["Gifts"], told["Refunds"]) == (words.number(gifts), words.number(refunds))
    net = words.money(history.total(("net",), *day), "USD")
    assert told["Raised, less refunds"] == ("–" if 0 < gifts < FEWEST else net)
    whole = sum(round(100 * float(each.replace(",", ""))) for each in _STOCK.findall(_all_so_far(text)))
    assert whole == sum(history.total(("net",), *span) for span in _ever(day.until))


def _ever(until: int) -> list[Span]:
    """All time up to a moment, in spans that may be asked about."""
    return [Span(until - (number + 1) * _MOST_MS, until - number * _MOST_MS) for number in range(4)]


def _all_so_far(text: str) -> str:
    return unescape(text.partition('id="stock"')[2].partition("</table>")[0])


def _person(deployment: Deployment, contact_id: str, words: Words) -> None:
    deployment.tell("/people", {"for": contact_id, "reason": "task"})
    told = _facts(deployment.ask(f"/people/{contact_id}"))
    profile = deployment.run("contact", "show", contact_id, "--json")
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
