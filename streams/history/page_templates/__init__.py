"""Renders HTML pages and SVG pictures from Jinja2 templates, with everything that is inserted escaped.

A module that makes a page keeps its template beside itself, in the folder `templates` of its package, and hands it
plain data. `document.html` here is what all HTML pages extend: one file that needs nothing else, so that it can be
sent, kept and printed.
"""

from collections.abc import Mapping
from functools import cache

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from streams.domain.display_names import printable


def render(package: str, template: str, data: Mapping[str, object]) -> str:
    """The page or picture that `template` of `package` makes of `data`. A name that `data` lacks raises an error."""
    return environment(package).get_template(template).render(data)


@cache
def environment(package: str) -> Environment:
    """How the templates of a package are read: its own first, then those that all share."""
    return Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader(__name__)]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _visible(value: object) -> object:
    """Text with a `?` for each control character: SVG may not contain them. Markup of a macro stays as it is."""
    return printable(value) if type(value) is str else value
