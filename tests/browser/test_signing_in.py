"""Signing in by token and by a real provider, and what is refused."""

import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.browser import oidc_provider
from tests.browser.conftest import Readers
from tests.browser.console_site import ConsoleSite, running_console


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def test_the_keyboard_alone_signs_in_looks_around_and_signs_out(reader: Readers, site: ConsoleSite) -> None:
    ada = reader()
    ada.open("/signin")
    ada.page.wait_for_selector("#token:focus")  # by itself, as the page is first drawn: what is typed before is lost
    ada.page.keyboard.type("ada")
    ada.page.keyboard.press("Enter")
    ada.page.wait_for_selector(".top")
    ada.page.keyboard.press("Tab")
    ada.page.wait_for_selector(".skip:focus")
    ada.page.keyboard.press("Enter")
    ada.page.wait_for_selector("#main:focus")
    ada.page.focus(".you summary")
    ada.page.keyboard.press("Enter")
    ada.page.get_by_role("button", name="Sign out").focus()
    ada.page.keyboard.press("Enter")
    ada.page.wait_for_url("**/signin")
    ada.open("/status")
    assert ada.page.url.endswith("/signin")


def test_language_and_theme_stay_chosen(reader: Readers) -> None:
    ada = reader("ada")
    ada.page.click(".you summary")
    ada.page.get_by_role("button", name="Français").click()
    ada.page.wait_for_selector("html[lang=fr]")
    ada.page.click(".you summary")
    ada.page.get_by_role("button", name="Sombre").click()
    ada.page.wait_for_selector("html[data-theme=dark]")
    ada.open("/status")
    assert ada.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 18, 22)"


@contextmanager
def _provider(folder: Path, port: int, redirect: str) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, oidc_provider.__file__, str(folder), str(port), redirect],
        stdout=subprocess.PIPE,
        stderr=(folder / "provider.log").open("wb"),
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"ready\n", (folder / "provider.log").read_text()
        yield f"http://127.0.0.1:{port}/o"
    finally:
        process.kill()
        process.wait()


def test_somebody_signs_in_by_a_real_provider_with_pkce(reader: Readers, site: ConsoleSite, tmp_path: Path) -> None:
    port, own = _free_port(), _free_port()
    url = f"http://127.0.0.1:{own}"
    with _provider(tmp_path, port, f"{url}/signin/oidc/back") as issuer:
        settings = {"HARMONIA_CONSOLE_OIDC_ISSUER": issuer, "HARMONIA_CONSOLE_OIDC_CLIENT": "console"}
        with running_console(site.system, tmp_path, port=own, HARMONIA_CONSOLE_URL=url, **settings):
            bob = reader(url=url)
            asked: list[str] = []
            bob.page.on("request", lambda request: asked.append(request.url))
            bob.open("/signin")
            bob.page.get_by_role("link", name="Sign in with your organisation").click()
            bob.expected.add(404)  # the provider has no icon
            bob.page.fill("[name=username]", "bob")
            bob.page.fill("[name=password]", "secret of bob")
            bob.page.get_by_role("button", name="Log in").click()
            bob.page.wait_for_selector(".top")
            assert bob.page.inner_text(".you summary").strip() == "bob"
            [authorize] = {each for each in asked if each.startswith(f"{issuer}/authorize")}
            query = urllib.parse.parse_qs(urllib.parse.urlsplit(authorize).query)
            assert query["code_challenge_method"] == ["S256"]
            assert query["scope"] == ["openid"]
            assert len(query["nonce"][0]) >= 32
            [back] = {each for each in asked if "/signin/oidc/back" in each}
            other = reader(url=url)
            other.expected.add(502)
            assert other.open(back.removeprefix(url)) == 502, "an answer that another browser asked for signs nobody in"
            assert "failed" in other.page.inner_text("main")
            bob.page.goto("about:blank")  # before its console stops
