"""Each page with markup in every text that somebody else chose: it has the same elements as with plain words."""

from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree.ElementTree import fromstring  # nosec B405 # of what the test has just drawn

import pytest

from events.experiment_results import History, Moment
from streams.history.backtest.report.html import html_of as backtest_html
from streams.history.daily_report.page import Page, Table, Tile
from streams.history.daily_report.page import html_of as daily_html
from streams.services.experiment_plot.plot import svg
from tests.unit.domain.experiments.example import gotv
from tests.unit.history.backtest.test_report import ORDERS, result

NOW = "2026-02-11T17:30:04.250Z"
PLAIN = "word-0"
# Short enough to stand whole beside a chart.
HOSTILE = [
    "</title><script>alert(1)",
    "</style></h1><script>a()",
    """"onload="alert(1)" x='""",
    "{{ 7 * 7 }}{% raw %}",
    "]]>--><!--&lt;",
]
Shape = list[tuple[str, list[tuple[str, str | None]]]]


class Reader(HTMLParser):
    """A page as a browser reads it: its elements with all attributes, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.shape: Shape = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.shape.append((tag, attrs))

    def handle_endtag(self, tag: str) -> None:
        self.shape.append((f"/{tag}", []))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(page: str) -> tuple[Shape, str]:
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader.shape, "".join(reader.text)


def daily(word: str) -> str:
    full = Table(word, (word,) * 7, ((word,) * 7, (word,) * 7), note=word)
    empty = Table(word, (word,), (), nothing=word)
    return daily_html(Page(word, word, (word, word), (Tile(word, word, word),), (full, empty)))


def backtest(word: str) -> str:
    found = result(team=word)
    return backtest_html(found, replace(ORDERS, new_name=word, old_name=word))


def plot(word: str) -> str:
    latest: Moment = {"as_of": NOW, "effect": 69.8, "low": 8.6, "high": 131.0, "people": 9, "provisional": True}
    history: History = {"metric": "net_amount", "baseline": word, "level": 0.95, "variants": {word: [latest]}}
    drawn = svg(gotv(experiment=word, as_of=word, currency=word, history=history))
    assert drawn is not None
    fromstring(drawn)  # nosec B314 # drawn here
    return drawn


@pytest.mark.parametrize("word", HOSTILE)
@pytest.mark.parametrize("page", [daily, backtest, plot])
def test_markup_in_every_name_adds_no_element_and_no_attribute(page: Callable[[str], str], word: str) -> None:
    plain_shape, plain_text = read(page(PLAIN))
    shape, text = read(page(word))

    assert shape == plain_shape
    assert text.count(word) > 3
    assert text.replace(word, PLAIN).split() == plain_text.split()
