"""The words of the glossary are used, and no page uses another word for the same thing."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
GLOSSARY = (DOCS / "glossary.md").read_text()
ENTRIES = dict(re.findall(r"^- \*\*(.+?)\*\*: (.+)$", GLOSSARY, re.MULTILINE))
TERMS = [*ENTRIES]
PAGES = [
    ROOT / "README.md",
    ROOT / "SECURITY.md",
    *(page for page in sorted(DOCS.glob("*.md")) if page.name != "glossary.md"),
    *sorted((DOCS / "runbooks").glob("*.md")),
]
CODE = [file for room in ("events", "sinks", "streams") for file in sorted((ROOT / room).rglob("*.py"))]
TEXT = "\n".join(file.read_text() for file in (*PAGES, *CODE)).lower()
OLD_WORDS = {
    "roof": "canonical id",
    "roofs": "canonical ids",
    "arm": "variant",
    "arms": "variants",
    "clinic": "repair of dead letters",
    "bookkeeping": "the table of experiments",
    "reckoning": "adding up",
    "sweep": "backfill",
    "sweeps": "backfills",
    "page of the morning": "daily report",
}
NAMES = re.compile(r"contact-roofs|experiment-sweeps|how-roofs-are-found|links-and-roofs")
"""Topics that keep their names, and files of decisions, which stay as they were written."""


def used(term: str) -> bool:
    words = r"[-_\s]+".join(map(re.escape, term.lower().split()))
    forms = words[:-1] + "(?:y|ies)" if words.endswith("y") else words + "(?:e?s|d)?"
    return re.search(rf"\b{forms}\b", TEXT) is not None


def test_there_are_enough_terms_and_each_stands_once_in_the_order_of_the_alphabet() -> None:
    found = re.findall(r"^- \*\*(.+?)\*\*:", GLOSSARY, re.MULTILINE)
    assert len(found) >= 40
    assert found == sorted(set(found), key=str.lower)


@pytest.mark.parametrize("term", TERMS)
def test_a_term_is_said_in_two_sentences(term: str) -> None:
    assert len(re.split(r"(?<=\.)\s+(?=[A-Z`])", ENTRIES[term])) == 2


@pytest.mark.parametrize("term", TERMS)
def test_a_term_is_used_on_a_page_or_in_the_code(term: str) -> None:
    assert used(term)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_says_nothing_by_an_old_word(page: Path) -> None:
    text = " ".join(NAMES.sub("", page.read_text()).lower().split())
    found = {old: new for old, new in OLD_WORDS.items() if re.search(rf"\b{old}\b", text)}
    assert found == {}
