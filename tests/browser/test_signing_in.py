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

import pytest

from tests.browser import oidc_provider
from tests.browser.conftest import Readers
from tests.browser.console_site import ConsoleSite, running_console
from tests.browser.reader import Reader


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _post(site: ConsoleSite, path: str, headers: dict[str, str], **said: str) -> int:
    request = urllib.request.Request(site.url + path, urllib.parse.urlencode(said).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def _cookie(one: Reader, name: str = "__Host-harmonia") -> str:
    return next(cookie["value"] for cookie in one.context.cookies() if cookie["name"] == name)


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


def test_a_session_that_was_signed_out_opens_nothing_any_more(reader: Readers, site: ConsoleSite) -> None:
    ada = reader("ada")
    cookies = ada.context.cookies()
    ada.page.click(".you summary")
    ada.page.get_by_role("button", name="Sign out").click()
    ada.page.wait_for_url("**/signin")
    ada.context.add_cookies(cookies)  # type: ignore[arg-type]
    ada.open("/status")
    assert ada.page.url.endswith("/signin")


def test_the_session_is_in_a_cookie_that_no_script_reads_and_redis_holds_only_its_hash(
    reader: Readers, site: ConsoleSite
) -> None:
    ada = reader("ada")
    [cookie] = [each for each in ada.context.cookies() if each["name"] == "__Host-harmonia"]
    assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (True, True, "Lax")
    assert ada.page.evaluate("document.cookie") == ""
    redis = site.system.deployment.redis
    keys = list(redis.scan_iter("console:session:*"))
    assert keys
    assert not any(_cookie(ada).encode() in key + (redis.get(key) or b"") for key in keys)
    assert all(0 < redis.ttl(key) <= 1800 for key in keys)


def test_a_wrong_token_is_told_and_the_sixth_try_of_a_minute_is_not_looked_at(
    reader: Readers, site: ConsoleSite
) -> None:
    one = reader()
    one.expected |= {403, 429}
    for _ in range(5):
        one.open("/signin")
        one.page.fill("#token", "guess")
        one.page.keyboard.press("Enter")
        one.page.wait_for_selector("[role=alert]")
        assert "Nobody has this token" in one.page.inner_text("main")
    one.page.fill("#token", "ada")
    one.page.keyboard.press("Enter")
    one.page.get_by_text("Too many tries").wait_for()
    assert 'outcome="too_many"' in site.metric("harmonia_console_signins_total")


@pytest.mark.parametrize("path", ["/people", "/choices", "/signout", "/signin"])
def test_a_form_without_the_csrf_token_or_from_elsewhere_is_refused(
    reader: Readers, site: ConsoleSite, path: str
) -> None:
    ada = reader("ada")
    ada.open("/people")
    token = ada.page.get_attribute("main input[name=csrf]", "value") or ""
    session = {"Cookie": f"__Host-harmonia={_cookie(ada)}"}
    own, other = {"Origin": site.url}, {"Origin": "https://evil.example"}
    said = {"theme": "dark"}
    assert _post(site, path, session | own, **said) == 403
    assert _post(site, path, session | own, csrf="x" * len(token), **said) == 403
    assert _post(site, path, session | other, csrf=token, **said) == 403
    assert _post(site, path, session, csrf=token, **said) == 403
    assert ada.open("/people") == 200


def test_a_request_that_names_another_host_is_refused(site: ConsoleSite) -> None:
    request = urllib.request.Request(f"{site.url}/signin", headers={"Host": "rebound.example"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=20)
    assert caught.value.code == 421


def test_whoever_lacks_the_role_is_told_so(reader: Readers) -> None:
    olga = reader("olga")
    assert olga.page.locator(".menu a").all_inner_texts() == ["Tonight", "Dead letters", "Status", "Deliveries"]
    olga.expected.add(403)
    assert olga.open("/people") == 403
    assert "None of your roles" in olga.page.inner_text("main")


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
