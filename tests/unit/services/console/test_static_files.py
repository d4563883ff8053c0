"""The addresses of styles and scripts: they change with what is in them, so that each may be kept for ever."""

import hashlib
import re
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from streams.services.console.metrics import ConsoleMetrics
from streams.services.console.rendering import render_signed_out
from streams.services.console.security import with_headers
from streams.services.console.static_files import STATIC, add_static_files, digest_of, static_url
from streams.services.console.words import Words

ORIGIN = "https://console.test"


def client() -> httpx.AsyncClient:
    app = FastAPI()
    add_static_files(app)
    served = with_headers(app, ConsoleMetrics(CollectorRegistry()), ORIGIN)
    return httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url=ORIGIN)


async def test_what_a_page_loads_is_there_and_kept_for_ever() -> None:
    context = {"theme": "auto", "title": "Not found", "text": ""}
    page = render_signed_out("signed_out_message.html", Words("en"), context)
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert addresses
    async with client() as browser:
        for address in [*addresses, static_url("console.js")]:
            answer = await browser.get(address)
            assert (answer.status_code, answer.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")


async def test_the_address_of_another_version_gives_nothing_that_is_kept() -> None:
    async with client() as browser:
        for address in ("/static/console.js", "/static/0123456789abcdef/console.js"):
            answer = await browser.get(address)
            assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store")


async def test_styles_find_the_font_beside_them() -> None:
    named = re.findall(r'url\("([^"]+)"\)', (STATIC / "console.css").read_text())
    assert named
    async with client() as browser:
        for name in named:
            answer = await browser.get(str(httpx.URL(ORIGIN + static_url("console.css")).join(name)))
            assert answer.status_code == 200


def test_the_version_is_another_once_one_file_is(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("1")
    (tmp_path / "b.js").write_text("2")
    before = digest_of(tmp_path)
    assert digest_of(tmp_path) == before
    (tmp_path / "a.js").write_text("3")
    assert digest_of(tmp_path) != before


def test_a_file_that_is_not_there_has_no_address() -> None:
    with pytest.raises(FileNotFoundError):
        static_url("missing.js")


def test_no_template_names_a_file_without_its_version() -> None:
    templates = list((STATIC.parent / "templates").glob("*.html"))
    assert templates
    assert [each.name for each in templates if "/static/" in each.read_text()] == []


def test_vendored_files_are_those_whose_sums_are_written_down() -> None:
    listed = re.findall(r"^\| `([^`]+)` .* `([0-9a-f]{64})` \|$", (STATIC / "VENDORED.md").read_text(), re.MULTILINE)
    vendored = {file.name for file in STATIC.iterdir() if ".min." in file.name or file.suffix in (".woff2", ".json")}
    assert {name for name, _ in listed} == vendored
    for name, digest in listed:
        assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == digest, name
