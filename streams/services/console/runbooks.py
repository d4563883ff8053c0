"""The runbooks of `docs/runbooks`, rendered for the console: where an alert says what to do, it is one click away."""

from functools import cache
from pathlib import Path
from re import compile as pattern
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

NAME = r"[a-z][a-z0-9-]{0,63}"
_PLACES = (Path(__file__).parent / "runbooks", Path(__file__).parents[3] / "docs" / "runbooks")
"""In an installed package, and in a checkout."""
_other = pattern(rf"({NAME})\.md").fullmatch
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")


class Runbook(NamedTuple):
    """A runbook: its title, and its text as HTML that has no script, no style and no link out of the console."""

    title: str
    html: Markup


def runbook_names() -> list[str]:
    """The names of all runbooks."""
    return sorted(file.stem for file in _folder().glob("*.md") if file.stem != "README")


@cache
def runbook(name: str) -> Runbook | None:
    """A runbook by its name, None where there is none."""
    if name not in runbook_names():
        return None
    tokens = _markdown.parse((_folder() / f"{name}.md").read_text(encoding="utf-8"))
    title = tokens[1].content if len(tokens) > 1 and tokens[0].tag == "h1" else name
    rest = tokens[3:] if len(tokens) > 1 and tokens[0].tag == "h1" else tokens
    for token in rest:
        token.children = _linked(token.children or [])
    html = _markdown.renderer.render(rest, _markdown.options, {})
    return Runbook(title, Markup(html))  # nosec B704 (of our own files, and without HTML of theirs)


def _linked(children: list[Token]) -> list[Token]:
    """Links to other runbooks lead to their pages; of other links the text stays."""
    kept: list[Token] = []
    dropped = False
    for token in children:
        if token.type == "link_open":
            found = _other(str(token.attrGet("href") or ""))
            dropped = found is None
            if found is not None:
                token.attrSet("href", f"/status/{found[1]}")
                kept.append(token)
        elif token.type != "link_close" or not dropped:
            kept.append(token)
    return kept


def _folder() -> Path:
    return next((place for place in _PLACES if place.is_dir()), _PLACES[-1])
