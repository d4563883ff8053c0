"""Pages name files of the tree that are there, and link to pages and headings that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
PAGES = [
    ROOT / "README.md",
    ROOT / "SECURITY.md",
    *sorted(DOCS.glob("*.md")),
    *sorted((DOCS / "runbooks").glob("*.md")),
]
ROOMS = r"(?:streams|events|sinks|deploy|tests|benchmarks|docs)"
PATH = re.compile(rf"`({ROOMS}/[\w./-]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")


def shown(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_path_that_a_page_names_is_there(page: Path) -> None:
    missing = [path for path in PATH.findall(page.read_text()) if not (ROOT / path).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_link_of_a_page_leads_to_a_file_and_a_heading(page: Path) -> None:
    broken = [link for link in LINK.findall(page.read_text()) if "://" not in link and not leads(page, link)]
    assert broken == []


def leads(page: Path, link: str) -> bool:
    name, _, heading = link.partition("#")
    file = page if not name else page.parent / name
    if not file.exists():
        return False
    return not heading or heading in [anchor(line) for line in file.read_text().splitlines() if line.startswith("#")]


def anchor(line: str) -> str:
    """As GitHub makes it of a heading."""
    return re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-")
