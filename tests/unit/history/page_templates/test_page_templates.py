"""Templates of pages."""

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree.ElementTree import fromstring  # nosec B405 # of what the test has just drawn

import pytest
from jinja2 import UndefinedError

from events.experiment_results import History, Moment
from streams.history import page_templates
from streams.history.backtest.report.html import html_of as backtest_html
from streams.history.daily_report import page as daily
from streams.history.daily_report.page import Page, Table, Tile
from streams.history.daily_report.page import html_of as daily_html
from streams.history.page_templates import environment, render
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


def named(word: str) -> str:
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
@pytest.mark.parametrize("page", [named, backtest, plot])
def test_markup_in_every_name_adds_no_element_and_no_attribute(page: Callable[[str], str], word: str) -> None:
    plain_shape, plain_text = read(page(PLAIN))
    shape, text = read(page(word))

    assert shape == plain_shape
    assert text.count(word) > 3
    assert text.replace(word, PLAIN).split() == plain_text.split()


ROOT = Path(__file__).parents[4]
TEMPLATES = sorted(str(file.relative_to(ROOT)) for file in (ROOT / "streams").rglob("templates/*") if file.is_file())
SCRIPT = """"><script>alert('&')</script>"""


def rendered(template: str, value: object) -> str:
    return environment(page_templates.__name__).from_string(template).render(value=value)


def test_a_value_handed_to_a_script_as_json_does_not_end_the_script() -> None:
    shown = rendered("<script>let names = {{ value|tojson }}</script>", [SCRIPT])

    assert shown.count("<") == shown.count(">") == 2
    assert "\\u003cscript\\u003e" in shown


def test_a_template_shows_a_control_character_as_a_question_mark() -> None:
    assert rendered("{{ value }}", "a\x00b\x1b[2J\u202e") == "a?b?[2J?"


def test_a_value_missing_for_a_template_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="'missing' is undefined"):
        rendered("{{ missing }}", "")
    with pytest.raises(UndefinedError, match="page"):
        render(str(daily.__package__), "daily.html", {})


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_template_switches_escaping_off(name: str) -> None:
    text = (ROOT / name).read_text()

    assert not re.search(r"\|\s*safe\b|autoescape|Markup", text)
    assert not re.search(r"\s[\w-]+\s*=\s*\{\{", text), "an attribute without quotes could be ended by a space"
