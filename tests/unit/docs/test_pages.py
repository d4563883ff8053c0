"""Pages say what is true."""

import asyncio
import hashlib
import re
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import typer

from events.experiments import ExperimentDefinition
from events.identifiers import is_identity_hash
from sinks.base import ContactSink, SinkUnavailable, StoredContact
from streams.cli.experiments import print_page
from streams.cli.main import app
from streams.domain.delivery.addresses import Network, networks_of
from streams.domain.delivery.schedule import Result
from streams.domain.delivery.signing import signed_headers
from streams.domain.experiments.assignment import VariantAssigner
from streams.domain.experiments.counting_rules import CountingRule
from streams.domain.experiments.definition_files import read_definitions
from streams.domain.experiments.definition_records import edition_of, rule_of
from streams.domain.experiments.report.pages import page
from streams.domain.experiments.report.summary import warnings_of
from streams.domain.file_mistakes import FileMistakes
from streams.domain.pressure import default_policy
from streams.domain.pressure.closures import channel_rules
from streams.domain.segments.conditions import KINDS, NOT_KEPT
from streams.domain.segments.definition_files import read_segments
from streams.domain.segments.resolution import MOST_CONDITIONS, resolve
from streams.services.deliver.destinations import Destination, read_destinations
from streams.services.deliver.sending import Sender
from streams.services.experiment_plot import svg
from tests.contract.contact_sink import (
    STALE_AFTER,
    Bench,
    ContactSinkContract,
    at,
    living,
)
from tests.contract.two_topics import (
    TwoTopicsContract,
)
from tests.unit.domain.experiments.example import doors, gotv, watched

PAGE = Path("docs/deliver.md").read_text(encoding="utf-8")
ADDRESS = "127.87.0.1"
ENVIRONMENT = {"TRY_SECRET": "whsec_c2VjcmV0IG9mIHRoaXMgdGVzdCBvbmx5"}


def recipe(beginning: str) -> str:
    """The block of the page that begins so, with the address of this test."""
    found = re.search(rf"^```\w+\n({re.escape(beginning)}.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1].replace("127.0.0.1", ADDRESS)


async def told(destination: Destination, listed: list[Network]) -> tuple[Result, str]:
    async with Sender(destination, listed) as sender:
        return await sender.post(signed_headers("told", 1_330_000_000_000, b"{}", destination.keys), b"{}")


@pytest.mark.parametrize("is_trusted", [True, False])
def test_a_receiver_with_a_certificate_of_ones_own_is_told_where_it_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_trusted: bool
) -> None:
    subprocess.run(shlex.split(recipe("openssl req")), cwd=tmp_path, check=True, capture_output=True)
    listening = recipe("# receiver.py").replace("server.serve_forever()", "print(flush=True)\nserver.serve_forever()")
    (tmp_path / "receiver.py").write_text(listening)
    (tmp_path / "endpoints.toml").write_text(recipe("# endpoints.toml"))
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    listed = networks_of(f"{ADDRESS}/32")
    assert not isinstance(listed, str)
    [destination] = read_destinations(tmp_path / "endpoints.toml", ENVIRONMENT, listed)
    command = [sys.executable, "receiver.py"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as running:
        try:
            assert running.stdout is not None
            running.stdout.readline()
            result, trouble = asyncio.run(told(destination, listed))
            if is_trusted:
                assert (result.answer, result.status) == ("delivered", 204)
                assert running.stdout.readline() == "told {}\n"
            else:
                assert (result.answer, trouble) == ("failed", "ClientConnectorCertificateError")
        finally:
            running.kill()


DOCS = Path(__file__).parents[3] / "docs"
TEXT = (DOCS / "experiments-reading.md").read_text()


def test_the_output_is_that_of_the_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    print_page(page(gotv()))
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]

    assert TEXT.partition("<!-- shown -->\n```\n")[2].partition("\n```")[0].splitlines() == lines


def test_the_picture_is_drawn_as_the_command_draws_it() -> None:
    assert (DOCS / "screenshots" / "experiment.svg").read_text() == svg(watched(gotv()))


def test_each_warning_is_explained() -> None:
    said = {warning.partition(":")[0] for result in (gotv(), doors()) for warning in warnings_of(result)}

    assert len(said) == 6
    assert said <= {*re.findall(r"^\| `([A-Z ]+)` \|", TEXT, re.MULTILINE)}


RUNNING = (Path(__file__).parents[3] / "docs" / "experiments-running.md").read_text()
TABLE = RUNNING.partition("| field |")[2].partition("\n\n")[0]
VECTOR = re.compile(r"^\| `(.+?)` \| (\S+) \| (\S+) \| (\w+) \| (\S+) \| (\S+) \| ([\w ]+) \|$", re.MULTILINE)


def shown() -> list[ExperimentDefinition]:
    [text] = re.findall(r"```toml\n(.*?)```", RUNNING, re.DOTALL)
    found = read_definitions(text)
    assert not isinstance(found, FileMistakes), str(found)
    return found


def test_every_field_has_its_row() -> None:
    named = re.findall(r"^\| ((?:`\w+`(?:, )?)+)", TABLE, re.MULTILINE)
    assert {name for row in named for name in re.findall(r"\w+", row)} == {*ExperimentDefinition.model_fields}


def test_the_fields_that_count_people_are_marked() -> None:
    """Whoever changes another one must not wait for a recount."""
    marked = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \* \|", TABLE, re.MULTILINE)
    fields = {name for row in marked for name in re.findall(r"\w+", row)}
    renamed = {"window_ms": "window", "rollout": "rollout_since"}
    counting = {renamed.get(name, name) for name in CountingRule.__struct_fields__ if name != "edition"}
    assert fields - {"phase", "rollout_variant"} == counting
    assert edition_of(rule_of(shown()[0])) != ""


def test_the_mistakes_that_are_shown_are_told_so() -> None:
    wrong = "variants = { short = 0.5, long = 1 }\nholdout = 10\nwindow = '1w'\n"
    told = read_definitions(f'[[experiment]]\nid = "x"\n{wrong}')
    assert isinstance(told, FileMistakes)
    assert f"```\n{told}\n```" in RUNNING


def point(purpose: str, salt: str, unit: str) -> float:
    """As the page says it."""
    hashed = hashlib.sha256(f"{purpose}\x1f{salt}\x1f{unit}".encode()).digest()
    return (int.from_bytes(hashed[:8], "big") >> 11) / 2.0**53


def test_the_vectors_are_those_of_the_code() -> None:
    ask, door = map(VariantAssigner, shown())
    found = VECTOR.findall(RUNNING)
    assert len(found) == 11
    for unit, held, place, variant, slice_, other, order in found:
        asked = (("holdout", "gotv-ask"), ("variant", "gotv-ask"), ("exclusion", "field"), ("variant", "2026"))
        assert [point(*purpose, unit) for purpose in asked] == [*map(float, (held, place, slice_, other))]
        assert (ask.variant_of(unit), door.variant_of(unit) or "not in it") == (variant, order)
    assert {row[3] for row in found} == {"short", "control", "long", "holdout"}
    assert {row[6] for row in found} == {"walk", "call", "not in it"}


ROOT = Path(__file__).parents[3]
BELOW_DOCS = ROOT / "docs"
PAGES = [
    ROOT / "README.md",
    ROOT / "SECURITY.md",
    *sorted(BELOW_DOCS.glob("*.md")),
    *sorted((BELOW_DOCS / "runbooks").glob("*.md")),
]
ROOMS = r"(?:streams|events|sinks|deploy|tests|benchmarks|docs)"
PATH = re.compile(rf"`({ROOMS}/[\w./-]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")


def path_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=path_of)
def test_every_path_that_a_page_names_is_there(page: Path) -> None:
    missing = [path for path in PATH.findall(page.read_text()) if not (ROOT / path).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=path_of)
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


README = (ROOT / "README.md").read_text()
COMMAND = re.compile(r"(?<![\w./])harmonia ([a-z][a-z-]*(?: [a-z][a-z-]*)?)")


def test_a_shell_gets_the_variables_of_a_file_with_comments_and_spaces(tmp_path: Path) -> None:
    [line] = re.findall(r"^(.*)\n(?=echo .*\n(?:.*\n)*?.*kcat)", README, re.MULTILINE)
    (tmp_path / ".env").write_text(
        "# it's ours\nHARMONIA_TEAM='one two'\n\nKAFKA_BOOTSTRAP=127.0.0.1:4711 # the local one\n"
    )
    ended = subprocess.run(
        ["/bin/sh", "-c", f"{line}\nprintenv KAFKA_BOOTSTRAP HARMONIA_TEAM"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.stdout, ended.stderr) == ("127.0.0.1:4711\none two\n", "")


def test_every_picture_is_there() -> None:
    pictures = re.findall(r'src(?:set)?="([^"]+)"', README)
    assert [picture.rpartition("-")[2] for picture in pictures] == ["dark.png", "light.png"]
    assert [picture for picture in pictures if not (ROOT / picture).exists()] == []


def test_every_make_target_that_is_named_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)\b", README)) - {"and"} <= targets


@pytest.mark.parametrize("words", sorted(set(COMMAND.findall(README))))
def test_every_command_that_is_named_is_there(words: str) -> None:
    command = typer.main.get_command(app)
    for word in words.split():
        commands = getattr(command, "commands", None)
        if commands is None:  # what follows a command that has none below it is its argument
            return
        assert word in commands, f"harmonia {words}"
        command = commands[word]


SEGMENTS = (Path(__file__).parents[3] / "docs" / "segments.md").read_text()


def test_the_ten_segments_that_are_shown_can_be_copied() -> None:
    [text] = re.findall(r"```toml\n(.*?)```", SEGMENTS, re.DOTALL)
    found = read_segments(text)
    assert not isinstance(found, FileMistakes), str(found)
    resolution = resolve(found, channel_rules(default_policy()))
    assert len(resolution.segments) == 10
    assert resolution.mistakes == ()


def test_every_condition_has_its_row_and_no_other_has() -> None:
    table = SEGMENTS.partition("| condition |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (.*?) \|", table, re.MULTILINE)[1:]
    named = {head for row in rows for head in re.findall(r"`(\w+) = ", row) if head in KINDS}
    assert named == {*KINDS}
    assert all(f"`{head}`" in SEGMENTS for head in NOT_KEPT)
    assert f"each with {MOST_CONDITIONS} conditions" in SEGMENTS


def test_the_mistakes_of_segments_that_are_shown_are_told_so() -> None:
    text = """
    [[segment]]
    id = "s"
    all = [
        { gifts = "count", at_leest = 1 },
        { touches = "count", within = "90d", at_least = 1 },
        { form = "petition" },
    ]
    """
    found = read_segments(text)
    assert isinstance(found, FileMistakes)
    assert f"```\n{found}\n```" in SEGMENTS


SINKS = (ROOT / "docs" / "sinks.md").read_text("utf-8")
EXAMPLE: dict[str, Any] = {}
exec(compile(re.findall(r"```python\n(.*?)```", SINKS, re.DOTALL)[0], "docs/sinks.md", "exec"), EXAMPLE)


class SqliteBench:
    """The example on a file of its own, with a second connection to look into it."""

    def __init__(self, file: Path) -> None:
        self._now = 1_000_000.0
        self._other = sqlite3.connect(file, isolation_level=None)
        own = sqlite3.connect(file, timeout=0)
        own.execute("PRAGMA synchronous = OFF")  # no power is cut here, and a test need not wait for the disk
        self.sink: ContactSink = EXAMPLE["SqliteSink"](own, STALE_AFTER, lambda: self._now)

    async def stored(self, contact_id: str) -> StoredContact | None:
        found = self._other.execute("SELECT version, field, value FROM contacts WHERE id = ?", (contact_id,)).fetchone()
        if found is None:
            return None
        version, field, value = found
        state, merged_into = (value if field == name else None for name in ("profile", "merged_into"))
        return StoredContact(int(version), state, merged_into, field == "erased")

    async def contact_of(self, identity_hash: str) -> str | None:
        """The store has no index of hashes: the row of that name says it."""
        found = await self.stored(identity_hash) if is_identity_hash(identity_hash) else None
        return None if found is None or found.erased else found.merged_into or identity_hash

    async def flush(self) -> None:
        self._other.execute("DELETE FROM contacts")
        self._other.execute("DELETE FROM positions")

    async def age(self, partition: int, seconds: float) -> None:
        self._now += seconds

    async def close(self) -> None:
        self._other.close()
        await self.sink.close()

    def lock(self) -> None:
        self._other.execute("BEGIN IMMEDIATE")


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = SqliteBench(tmp_path / "contacts.db")
    yield bench
    await bench.close()


class TestSqliteSink(ContactSinkContract, TwoTopicsContract):
    """The whole contract."""


async def test_a_store_that_is_locked_by_another_process_is_unavailable_to_the_example(bench: SqliteBench) -> None:
    bench.lock()
    with pytest.raises(SinkUnavailable):
        await bench.sink.write(0, [living("ada", 1)], None, at(1))
