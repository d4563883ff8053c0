"""What holds for every template: what is inserted is escaped wherever it stands, and nothing is left out in silence."""

import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from streams.history import page_templates
from streams.history.daily_report import page as daily
from streams.history.page_templates import environment, render

ROOT = Path(__file__).parents[4]
TEMPLATES = sorted(str(file.relative_to(ROOT)) for file in (ROOT / "streams").rglob("templates/*") if file.is_file())
HOSTILE = """"><script>alert('&')</script>"""


def rendered(template: str, value: object) -> str:
    return environment(page_templates.__name__).from_string(template).render(value=value)


def test_a_value_handed_to_a_script_as_json_does_not_end_the_script() -> None:
    shown = rendered("<script>let names = {{ value|tojson }}</script>", [HOSTILE])

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
