"""A page as one HTML file that needs nothing else, so that it can be sent, kept and printed."""

from collections.abc import Iterable
from html import escape


def html_file(title: str, style: str, parts: Iterable[str]) -> str:
    """The whole file. `title`: as text; `parts`: what is in its body, as HTML."""
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style>"
    )
    body = "\n".join(parts)
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'
