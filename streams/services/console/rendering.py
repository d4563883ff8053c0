"""Renders pages and blocks: one Jinja environment that escapes everything and refuses what a template does not have."""

import secrets
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from streams.services.console.page import Block, PageRequest
from streams.services.console.page_words import explained_words
from streams.services.console.rights import lacking, may
from streams.services.console.static_files import static_url

CSRF_PLACE = f"csrf-token-{secrets.token_hex(16)}"
"""Stands for the reader's CSRF token in rendered blocks, which many readers share; replaced for each of them.

Random, so that no producer's word is replaced.
"""
ONCE_PLACE = f"once-key-{secrets.token_hex(16)}"
"""Stands for the key by which a form is done once; each form gets one of its own."""

_environment = Environment(
    loader=PackageLoader("streams.services.console"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.globals["static"] = static_url
_environment.globals["explained_words"] = explained_words


def render(template: str, request: PageRequest, context: Mapping[str, Any]) -> Markup:
    """A template with the reader's words; everything in it is escaped.

    It has `may` to ask what the reader may do, and `lacks` for what is missing.
    """
    words = request.words
    rendered = _environment.get_template(template).render(
        {
            "_": words.text,
            "_n": words.plural,
            "words": words,
            "viewer": request.viewer,
            "may": lambda act: may(request.viewer, act),
            "lacks": lambda act: lacking(request.viewer, act),
            "now_ms": request.now_ms,
            "params": request.params,
            "csrf": CSRF_PLACE,
            "once": ONCE_PLACE,
            **context,
        }
    )
    return Markup(rendered)  # nosec B704 (rendered by an environment that escapes)


def for_reader(text: str, csrf: str) -> str:
    """What was rendered, with one reader's CSRF token and keys of their own in its forms."""
    first, *rest = str(text).replace(CSRF_PLACE, csrf).split(ONCE_PLACE)
    return first + "".join(f"{secrets.token_urlsafe(16)}{part}" for part in rest)


def render_block(block: Block, request: PageRequest, data: Mapping[str, object]) -> Markup:
    """The inside of a block."""
    return render(block.template, request, {"block": block, **data}).strip()


def render_signed_out(template: str, words: Any, context: Mapping[str, Any]) -> str:
    """A page for somebody who is not signed in."""
    return _environment.get_template(template).render({"_": words.text, "_n": words.plural, "words": words, **context})


def partial(block: Block, html: str) -> str:
    """What a stream sends to put the inside of a block in its place."""
    return f'<hx-partial hx-target="#body-{block.id}" hx-swap="innerMorph">{html}</hx-partial>'
