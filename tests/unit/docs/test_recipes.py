"""Recipes of pages, run as they stand: webhooks, segments and sinks."""

import asyncio
import re
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer

from events.adapters.mapping import parse_mapping
from events.adapters.rows import missing
from events.identifiers import is_identity_hash
from sinks.base import ContactSink, SinkUnavailable, StoredContact
from streams.cli.main import app
from streams.domain.delivery.addresses import Network, networks_of
from streams.domain.delivery.schedule import Result
from streams.domain.delivery.signing import signed_headers
from streams.domain.file_mistakes import FileMistakes
from streams.domain.pressure import Policy, default_policy, default_policy_text, read_policy
from streams.domain.pressure.closures import channel_rules
from streams.domain.segments.conditions import KINDS, NOT_KEPT
from streams.domain.segments.definition_files import read_segments
from streams.domain.segments.resolution import MOST_CONDITIONS, resolve
from streams.services.deliver.destinations import Destination, read_destinations
from streams.services.deliver.sending import Sender
from tests.contract.contact_sink import STALE_AFTER, Bench, ContactSinkContract, at, living
from tests.contract.two_topics import TwoTopicsContract

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


# Whoever follows the page on segments gets what it says: ten that can be copied, every condition, every mistake.
SEGMENTS_PAGE = (Path(__file__).parents[3] / "docs" / "segments.md").read_text()


def test_the_ten_segments_that_are_shown_can_be_copied() -> None:
    [text] = re.findall(r"```toml\n(.*?)```", SEGMENTS_PAGE, re.DOTALL)
    found = read_segments(text)
    assert not isinstance(found, FileMistakes), str(found)
    resolution = resolve(found, channel_rules(default_policy()))
    assert len(resolution.segments) == 10
    assert resolution.mistakes == ()


def test_every_condition_has_its_row_and_no_other_has() -> None:
    table = SEGMENTS_PAGE.partition("| condition |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (.*?) \|", table, re.MULTILINE)[1:]
    named = {head for row in rows for head in re.findall(r"`(\w+) = ", row) if head in KINDS}
    assert named == {*KINDS}
    assert all(f"`{head}`" in SEGMENTS_PAGE for head in NOT_KEPT)
    assert f"each with {MOST_CONDITIONS} conditions" in SEGMENTS_PAGE


def test_the_mistakes_that_are_shown_are_told_so() -> None:
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
    assert f"```\n{found}\n```" in SEGMENTS_PAGE


# The example of `docs/sinks.md` keeps every promise of a sink.
ROOT = Path(__file__).parents[3]
SINKS_PAGE = (ROOT / "docs" / "sinks.md").read_text("utf-8")
EXAMPLE: dict[str, Any] = {}
exec(compile(re.findall(r"```python\n(.*?)```", SINKS_PAGE, re.DOTALL)[0], "docs/sinks.md", "exec"), EXAMPLE)


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


# The pages of a campaign show the same commands in the same order, with options that these have. And who follows them
# has a policy that does what they say of it.
DOCS = Path(__file__).parents[3] / "docs"
PAGES = ("campaign.md", "fr/campagne.md")


def shown(page: str) -> list[list[str]]:
    """The commands of a page, each as its words."""
    blocks = re.findall(r"```sh\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    return [shlex.split(line.partition("#")[0])[1:] for block in blocks for line in block.splitlines() if line]


@cache
def all_commands() -> Any:
    return typer.main.get_command(app)


class Resolved(NamedTuple):
    """The command that words lead to, and the options that it does not have; `is_group`: they lead to no command."""

    path: list[str]
    unknown: list[str]
    is_group: bool


def resolved(words: list[str]) -> Resolved:
    command = all_commands()
    path = list[str]()
    for word in words:
        below = getattr(command, "commands", {})
        if word not in below:
            break
        command, path = below[word], [*path, word]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    unknown = [word for word in words if word.startswith("--") and word not in known]
    return Resolved(path, unknown, bool(getattr(command, "commands", None)))


@pytest.mark.parametrize("page", PAGES)
def test_every_command_has_the_options_that_are_shown(page: str) -> None:
    commands = shown(page)
    assert len(commands) > 25
    for words in commands:
        found = resolved(words)
        assert (found.is_group, found.unknown) == (False, []), words


def test_both_languages_show_the_same_commands_in_the_same_order() -> None:
    english, french = ([resolved(words).path for words in shown(page)] for page in PAGES)
    assert english == french


@pytest.mark.parametrize("page", PAGES)
def test_the_mapping_of_a_roll_that_is_shown_takes_it_from_the_roll_and_neither_name_nor_birth(page: str) -> None:
    [shown_mapping] = re.findall(r"```toml\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    mapping = parse_mapping(shown_mapping)
    [rule] = mapping.interactions
    assert rule.type == "provenance.reported"
    roll = ["numéro d'électeur", "nom de naissance", "prénoms", "date de naissance", "commune de naissance", "sexe"]
    roll += ["bureau de vote", "tranche d'âge", "code postal", "date d'extraction"]
    assert missing(roll, mapping) == []
    assert not mapping.columns() & {*roll[1:5]}
    assert mapping.unknown_fields() == []


@pytest.mark.parametrize("page", PAGES)
def test_who_takes_the_marks_off_is_asked_for_notices_on_each_channel_of_the_page(page: str) -> None:
    """And the policy that the page writes is the one that processes are told to read."""
    text = (DOCS / page).read_text()
    assert ["policy", "show", "--default", ">", "policy.toml"] in shown(page)
    assert "`HARMONIA_POLICY=policy.toml`" in text
    asked = {words[words.index("--channel") + 1] for words in shown(page) if "--channel" in words}
    assert asked
    assert asked <= asked_for_notices(without_marks(default_policy_text("fr")))


@pytest.mark.parametrize("regime", ["fr", "eu"])
def test_a_packaged_policy_has_a_condition_on_notices_for_each_channel_behind_marks(regime: Any) -> None:
    marked = default_policy_text(regime)
    assert asked_for_notices(without_marks(marked)) == {"email", "text", "phone", "door", "letter"}
    assert asked_for_notices(marked) == set()
    assert read_policy(marked) == default_policy(regime)


def without_marks(policy: str) -> str:
    return re.sub(r'^# (\[\[conditions\]\]|[a-z]+ = ".*")$', r"\1", policy, flags=re.MULTILINE)


def asked_for_notices(policy: str) -> set[str]:
    """On which channels whoever came from somebody else has to be told so, within the usual time."""
    found = read_policy(policy)
    assert isinstance(found, Policy), found
    usual = 28 * 86_400_000
    return {each.channel for each in found.conditions if each.require == "notice" and each.within == usual}
