"""Every English text of the console that has to have a translation, found in its templates, its code and its pages."""

import ast
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment
from jinja2.ext import extract_from_ast

import streams.services.console as room
from events.topics import ALL
from streams.platform.stores import STORES
from streams.platform.topics import changelog_topics
from streams.services import register
from streams.services.console import names
from streams.services.console.app import PAGES
from streams.services.register import questions
from streams.services.register.record import plain
from streams.services.register.scores import SCORES

ROOM = Path(room.__file__).parent
REGISTER = Path(register.__file__ or "").parent
Text = str | tuple[str, str]
"""A text, or the two of a plural."""

_OF_CALLS = {
    "text": (0,),
    "plural": (0, 1),
    "PageRefused": (1, 2),
    "cls": (1, 2),
    "Withheld": (0,),
    "done": (0, 1),
    "not_done": (0, 1),
    "unsure": (0, 1),
}


def shown_texts() -> set[Text]:
    """All texts, plurals as pairs."""
    return {*page_texts(), *_of_code(REGISTER), *_of_register()}


def page_texts() -> set[Text]:
    """The texts of the console's own pages."""
    named = (text for table in names.ALL for text in table.values())
    return {*_of_templates(), *_of_code(ROOM), *_of_pages(), *named}


def _of_register() -> Iterator[str]:
    """What the register says of each topic, store and score: a new one has to have it in every language."""
    for topic in [*ALL, *changelog_topics("harmonia")]:
        yield from (plain(text) for text in (topic.purpose, topic.people, topic.stays) if text)
    for store in STORES:
        yield from map(plain, (store.place, store.purpose, store.people, store.stays))
    for score in SCORES:
        yield from (score.name, score.logic, score.use)
    yield from questions.ALL


def _of_templates() -> Iterator[Text]:
    environment = Environment(autoescape=True)
    for file in sorted((ROOM / "templates").glob("*.html")):
        parsed = environment.parse(file.read_text(encoding="utf-8"))
        for _, function, found in extract_from_ast(parsed, ("_", "_n"), babel_style=False):
            said = found if isinstance(found, tuple) else (found,)
            texts = [text for text in said if text is not None]
            if texts:
                yield (texts[0], texts[1]) if function == "_n" else texts[0]


def _of_code(room: Path) -> Iterator[Text]:
    for file in sorted(room.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield from _of_call(node)


def _of_call(node: ast.Call) -> Iterator[Text]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    places = _OF_CALLS.get(name, ())
    said = [node.args[place].value for place in places if place < len(node.args) and _is_text(node.args[place])]  # type: ignore[attr-defined]
    if name == "plural" and len(said) == 2:
        yield said[0], said[1]
    else:
        yield from said


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _of_pages() -> Iterator[Text]:
    for page in PAGES:
        yield page.title
        if page.menu:
            yield page.menu
        yield from (block.heading for block in page.blocks if block.heading)
