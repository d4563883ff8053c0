"""What of a page in French is English: its texts, and what it says to those who hear it, or says later."""

import re
from functools import cache

from playwright.sync_api import Page

from streams.services.console.words import Words
from tests.unit.services.console.shown_texts import shown_texts

_FRENCH = Words("fr")
_ENGLISH = re.compile(
    r"\b(?:the|is|are|was|were|and|of|to|not|this|that|with|who|whom|they|them|nobody|nothing|from|by|until|since|has"
    r"|have|been|which|be|it|its|yet|now|here|your?)\b(?!-)",
    re.IGNORECASE,
)
"""Words that no French sentence has, in whatever sentence they stand."""
_SHOWN = """() => {
  const closed = [...document.querySelectorAll("details:not([open])")];
  const foreign = document.querySelectorAll("body [lang=en], pre, code");
  closed.forEach((one) => { one.open = true; });
  foreign.forEach((one) => one.style.setProperty("display", "none", "important"));
  const found = document.body.innerText.split("\\n");
  foreign.forEach((one) => one.style.removeProperty("display"));
  closed.forEach((one) => { one.open = false; });
  for (const one of document.querySelectorAll("body *")) {
    for (const { name, value } of one.attributes) {
      if (["aria-label", "alt", "placeholder", "title"].includes(name) || name.startsWith("data-")) found.push(value);
    }
  }
  return [document.title, ...found];
}"""


def left_in_english(page: Page) -> list[str]:
    """Lines of a page in French that are English; what is marked as English, or is a file's or a command's, is not."""
    if page.get_attribute("html", "lang") != "fr":
        return ["the page"]
    lines: list[str] = [line for line in page.evaluate(_SHOWN) if not line.startswith("/")]
    shown = "\n".join(lines)
    known = [
        text for text in _texts() if text in shown and re.search(rf"(?<![\w.’'-]){re.escape(text)}(?![\w’'-])", shown)
    ]
    return [*known, *(line for line in lines if _ENGLISH.search(line))]


@cache
def _texts() -> tuple[str, ...]:
    """English texts of the console without places, which are spelled otherwise in French."""
    texts = [text for text in shown_texts() if isinstance(text, str)]
    return tuple(text for text in texts if "{" not in text and len(text) > 4 and _FRENCH.text(text) != text)
