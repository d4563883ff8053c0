"""`harmonia demo` from nothing to checked profiles, as a newcomer runs it."""

import csv
import gzip
import json
import os
import re
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import psutil
import pytest
from redis import Redis

from events.topics import INPUT_TOPICS
from streams.demo.deployment import open_deployment
from streams.demo.evening import last_evening
from streams.demo.script import FILE_ENDS, Script, write_script
from streams.demo.truth import ContactFields
from streams.local.server import running_server
from streams.local.stack import Stack, stop
from tests.integration.command import Ended, harmonia, harmonia_process, refused
from tests.integration.system import settings_of
from tests.integration.waiting import until

SEED, SCALE, PROCESSES = 5, "0.05", 2
KEYS = {
    *("published", "accepted", "duplicates", "dead_letters", "contacts", "net_donations", "timed"),
    *("seconds", "events_per_second", "latency_ms", "top_donors", "evening"),
}
COUNTED, REFUSED = 15_359, {"memo_entry": 224, "malformed_row": 1}
FILE = files("streams.demo").joinpath("data", "fec-2012-contributions.csv.gz")


def net_of_the_file() -> int:
    """Cents, by the columns of the file alone."""
    rows = list(csv.DictReader(gzip.decompress(FILE.read_bytes()).decode().splitlines()))
    counted = [row for row in rows if row["memo_cd"] != "X" and row["file_num"] is not None]
    assert len(counted) == COUNTED
    return sum(round(float(row["contb_receipt_amt"]) * 100) for row in counted)


@dataclass(frozen=True, slots=True)
class Kept:
    """A demo of two processes with an evening, whose servers and workers go on; `shown`: all it has printed."""

    folder: Path
    script: Script
    ended: Ended

    @property
    def home(self) -> Path:
        return self.folder / "home" / "demo"

    @property
    def shown(self) -> str:
        return self.ended.stdout.decode()

    @property
    def figures(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "figures.json").read_bytes())
        return found

    @property
    def servers(self) -> dict[str, str]:
        """How it says that they are reached."""
        return dict(re.findall(r"^(KAFKA_BOOTSTRAP|REDIS_URL)=(\S+)", self.shown, re.MULTILINE))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """One demo for all that look at one; the last of them stops it as it says."""
    folder = tmp_path_factory.mktemp("kept")
    script = write_script(SEED, float(SCALE), evening_starts=last_evening(FILE_ENDS))
    words = ("demo", "--scale", SCALE, "--seed", str(SEED), "--processes", str(PROCESSES), "--keep")
    evening = ("--play", "--hour", "2", "--json", "figures.json")
    with nothing_left_of(folder / "home" / "demo"):
        ended = harmonia_process(folder, *words, *evening, environment={"HARMONIA_LOG_LEVEL": "DEBUG"})
        assert (ended.returncode, ended.stderr) == (0, b"")
        yield Kept(folder, script, ended)


@contextmanager
def nothing_left_of(home: Path) -> Iterator[None]:
    """Whatever becomes of a demo in the block, nothing runs in its home afterwards."""
    try:
        yield
    finally:
        stop(home)
        for process in workers_of(home):
            process.kill()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """The home of a demo of one test."""
    home = tmp_path / "home" / "demo"
    with nothing_left_of(home):
        yield home


def test_the_figures_of_a_run_are_what_the_file_and_the_seed_say_and_agree_with_each_other(kept: Kept) -> None:
    script, figures = kept.script, kept.figures
    spoilt = Counter(one.reason for one in script.everything() if one.reason is not None)
    assert figures.keys() == KEYS
    assert figures["net_donations"] == {"USD": net_of_the_file() + net_of_the_evenings(script)}
    assert figures["published"] == len(script.everything())
    assert figures["accepted"] == len(script.everything()) - spoilt.total()
    assert figures["duplicates"] == script.repeats()
    assert figures["dead_letters"] == {**spoilt, **REFUSED}
    assert 0 < figures["latency_ms"]["p50"] <= figures["latency_ms"]["p99"]
    assert 0 < figures["timed"] <= figures["published"]
    assert figures["events_per_second"] == pytest.approx(figures["timed"] / figures["seconds"], abs=1, rel=0.01)
    assert "agree on each" in kept.shown
    assert "thank-you-call" in kept.shown


def net_of_the_evenings(script: Script) -> int:
    """Cents that are given in evenings; whatever else is invented around the file is given back."""
    gifts = {one.id: one for one in script.accepted() if one.source == "finance/actblue"}
    return sum(one.fields["amount"] * {"donation.made": 1, "donation.refunded": -1}[one.type] for one in gifts.values())


def test_a_worker_at_the_debug_level_logs_nothing_of_anybody(kept: Kept) -> None:
    """Nothing that the input holds: addresses, phones, voter ids, ids elsewhere, names."""
    log = (kept.home / "worker.log").read_text()
    named = {name.strip().lower() for one in kept.script.accepted() for name in names_in(one.contact)}
    rows = csv.DictReader(gzip.decompress(FILE.read_bytes()).decode().splitlines())
    named |= {row["cand_nm"].lower() for row in rows}
    assert len(named) > 10_000
    assert log.count("[DEBUG]") > 100
    said = log.lower()
    assert [name for name in named if name in said] == []


def names_in(contact: ContactFields) -> Iterator[str]:
    for name, value in contact.items():
        if name in ("contact_id", "voter_id", "email", "phone"):
            yield str(value)
        elif isinstance(value, dict):
            yield from map(str, value.values())


def workers_of(home: Path) -> list[psutil.Process]:
    """The worker processes that have their state in a home."""
    found = []
    for process in psutil.process_iter():
        try:
            state = process.environ().get("HARMONIA_STATE_DIR", "")
        except psutil.Error:
            continue
        if state.startswith(str(home)):
            found.append(process)
    return found


def test_an_evening_is_played_and_recounted_and_tells_of_what_there_was_to_see(kept: Kept) -> None:
    told = re.findall(r"^\d\d:\d\d  (.+?) *$", kept.shown, re.MULTILINE)
    for happened in ("digital/mailer sends gotv-3", "digital/signup: a new release", "outreach/textbank texts polls-2"):
        assert [line for line in told if line.startswith(happened)]
    for noticed in ("source_quarantined, digital/signup", "gotv-3 is near the limit", "subject-gotv-3 is decided"):
        assert len([line for line in told if line.startswith(noticed)]) == 1, noticed
    evening = kept.figures["evening"]
    assert (evening["doors"], evening["calls"], evening["broken"]) == (650, 350, "digital/signup")
    assert evening["refused"] >= 180
    assert "gmail: 3 complaints" in evening["near"]
    assert "B +" in evening["verdict"]


def test_a_kept_run_of_two_processes_can_be_looked_at_as_it_says(kept: Kept) -> None:
    assert len(re.findall(r"^metrics: http://\S+/metrics$", kept.shown, re.MULTILINE)) == PROCESSES
    assert len(workers_of(kept.home)) == PROCESSES + 1
    assert_every_donation_is_there(Stack(kept.servers["KAFKA_BOOTSTRAP"], kept.servers["REDIS_URL"], ()), kept.script)
    to_try = re.findall(r"^  harmonia (.+)$", kept.shown, re.MULTILINE)
    tried = {words: harmonia(kept.folder, *words.split(), environment=kept.servers) for words in to_try}
    assert {words: one.stderr for words, one in tried.items() if one.returncode or not one.stdout} == {}
    shown_first = ["status", "contact", "experiments", "segments", "dead-letters", "suppressions"]
    assert [words.partition(" ")[0] for words in to_try] == shown_first


def test_a_kept_run_is_stopped_as_it_says(kept: Kept) -> None:
    """The last look at it."""
    said = re.search(r"to stop: kill (\d+); HARMONIA_HOME=(\S+) harmonia local down", kept.shown)
    assert said is not None
    assert servers_of(kept.home) == ["kafka", "redis"]
    os.kill(int(said[1]), signal.SIGTERM)
    until(lambda: not workers_of(kept.home), "the end of the workers")
    down = harmonia_process(kept.folder, "local", "down", environment={"HARMONIA_HOME": said[2]})
    assert (down.returncode, down.stdout) == (0, b"")
    assert servers_of(kept.home) == []


def test_a_cluster_that_holds_records_is_refused_before_the_script_is_written_and_the_cure_is_named(
    own_stack: Stack, tmp_path: Path
) -> None:
    with open_deployment(settings_of(own_stack)) as deployment:
        deployment.producer.send(INPUT_TOPICS[0].name, b"{}").get(30)
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in own_stack.environment.items()))
    said = refused(harmonia_process(tmp_path, "demo", "--scale", SCALE, environment={}))
    assert (
        f"the topics at {own_stack.kafka_bootstrap}, which KAFKA_BOOTSTRAP names (in the file .env), hold records"
        in said
    )
    assert "Take KAFKA_BOOTSTRAP and REDIS_URL out of .env while it runs" in said
    assert not (tmp_path / "home" / "demo" / "worker.log").exists()


def servers_of(home: Path) -> list[str]:
    return [name for name in ("kafka", "redis") if running_server(home / name) is not None]


def assert_every_donation_is_there(stack: Stack, script: Script) -> None:
    """Those of the file, and those around them."""
    invented = {one.id for one in script.accepted() if one.source == "finance/actblue"}
    with open_deployment(settings_of(stack)) as deployment:
        counts: Counter[str] = Counter()
        for profile in profiles_of(deployment.redis):
            counts.update(profile["counts"])
    assert counts["donation.made"] + counts["donation.refunded"] == COUNTED + len(invented)


def profiles_of(redis: Redis) -> Iterator[dict[str, dict[str, int]]]:
    for key in redis.scan_iter(match="contact:*", count=1000):
        if state := redis.hget(key, "state"):  # else an identifier that leads to somebody
            yield json.loads(state)
