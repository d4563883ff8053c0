"""`harmonia demo` from nothing to checked profiles, as a newcomer runs it."""

import csv
import gzip
import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import psutil
import pytest
from redis import Redis

from events.topics import INPUT_TOPICS
from streams.demo.deployment import open_deployment
from streams.demo.script import write_script
from streams.demo.truth import ContactFields
from streams.local.server import running_server
from streams.local.stack import Stack, local_stack, stop
from tests.integration.command import COMMAND, environment_of, harmonia, refused
from tests.integration.system import settings_of
from tests.integration.waiting import until

SCALE = "0.1"
KEYS = {
    *("published", "accepted", "duplicates", "dead_letters", "contacts", "net_donations", "seconds"),
    *("events_per_second", "latency_ms", "top_donors"),
}
COUNTED, REFUSED = 15_359, {"memo_entry": 224, "malformed_row": 1}
FILE = files("streams.demo").joinpath("data", "fec-2012-contributions.csv.gz")


def net_of_the_file() -> int:
    """Cents, by the columns of the file alone."""
    rows = list(csv.DictReader(gzip.decompress(FILE.read_bytes()).decode().splitlines()))
    counted = [row for row in rows if row["memo_cd"] != "X" and row["file_num"] is not None]
    assert len(counted) == COUNTED
    return sum(round(float(row["contb_receipt_amt"]) * 100) for row in counted)


def assert_figures(figures: dict[str, object], seed: int) -> None:
    """What the file and the seed say must come out, and that the figures agree with each other."""
    script = write_script(seed, float(SCALE))
    spoilt = Counter(one.reason for one in script.publications if one.reason is not None)
    assert figures.keys() == KEYS
    assert figures["net_donations"] == {"USD": net_of_the_file()}
    assert figures["published"] == len(script.publications)
    assert figures["accepted"] == len(script.publications) - spoilt.total()
    assert figures["duplicates"] == script.repeats()
    assert figures["dead_letters"] == {**spoilt, **REFUSED}


def test_a_run_ends_well_and_its_figures_add_up_and_its_log_says_nothing_of_anybody(tmp_path: Path) -> None:
    words = ("demo", "--scale", SCALE, "--seed", "3", "--json", "figures.json")
    ended = harmonia(tmp_path, *words, environment={"HARMONIA_LOG_LEVEL": "DEBUG"})
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert_nobody_is_named((tmp_path / "home" / "demo" / "worker.log").read_text(), 3)
    figures = json.loads((tmp_path / "figures.json").read_bytes())
    assert_figures(figures, 3)
    assert 0 < figures["latency_ms"]["p50"] <= figures["latency_ms"]["p99"]
    assert figures["seconds"] > 0 < figures["events_per_second"]
    assert b"agree on each" in ended.stdout
    assert b"thank-you-call" in ended.stdout
    assert [running_server(tmp_path / "home" / "demo" / name) for name in ("kafka", "redis")] == [None, None]


def assert_nobody_is_named(log: str, seed: int) -> None:
    """By nothing that the input holds, whatever the level: addresses, phones, voter ids, ids elsewhere, names."""
    named = {
        name.strip().lower() for one in write_script(seed, float(SCALE)).accepted() for name in names_in(one.contact)
    }
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


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """The demo's home, with nothing left running in it afterwards."""
    home = tmp_path / "home" / "demo"
    yield home
    stop(home)
    for process in workers_of(home):
        process.kill()


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


def test_a_kept_run_of_two_processes_can_be_looked_at_and_stopped_as_it_says(tmp_path: Path, home: Path) -> None:
    words = ("demo", "--scale", SCALE, "--seed", "4", "--processes", "2", "--keep", "--json", "figures.json")
    ended = harmonia(tmp_path, *words, environment={})
    shown = ended.stdout.decode()
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert_figures(json.loads((tmp_path / "figures.json").read_bytes()), 4)
    servers = dict(re.findall(r"^(KAFKA_BOOTSTRAP|REDIS_URL)=(\S+)", shown, re.MULTILINE))
    assert len(re.findall(r"^metrics: http://\S+/metrics$", shown, re.MULTILINE)) == 2
    assert len(workers_of(home)) == 3
    assert_every_donation_is_there(Stack(servers["KAFKA_BOOTSTRAP"], servers["REDIS_URL"], ()), 4)
    to_try = re.findall(r"^  harmonia (.+)$", shown, re.MULTILINE)
    tried = {words: harmonia(tmp_path, *words.split(), environment=servers) for words in to_try}
    assert {words: one.stderr for words, one in tried.items() if one.returncode or not one.stdout} == {}
    shown_first = ["status", "contact", "experiments", "segments", "dead-letters", "suppressions"]
    assert [words.partition(" ")[0] for words in to_try] == shown_first

    said = re.search(r"to stop: kill (\d+); HARMONIA_HOME=(\S+) harmonia local down", shown)
    assert said is not None
    os.kill(int(said[1]), signal.SIGTERM)
    until(lambda: not workers_of(home), "the end of the workers")
    down = harmonia(tmp_path, "local", "down", environment={"HARMONIA_HOME": said[2]})
    assert (down.returncode, down.stdout) == (0, b"")
    assert [running_server(home / name) for name in ("kafka", "redis")] == [None, None]


EVENING = ("demo", "--scale", "0.01", "--seed", "5", "--play")


def test_an_evening_is_played_and_recounted_and_tells_of_what_there_was_to_see(tmp_path: Path) -> None:
    ended = harmonia(tmp_path, *EVENING, "--hour", "2", "--json", "figures.json", environment={})
    assert (ended.returncode, ended.stderr) == (0, b"")
    shown = ended.stdout.decode()
    told = re.findall(r"^\d\d:\d\d  (.+?) *$", shown, re.MULTILINE)
    for happened in ("digital/mailer sends gotv-3", "digital/signup: a new release", "outreach/textbank texts polls-2"):
        assert [line for line in told if line.startswith(happened)]
    for noticed in ("source_quarantined, digital/signup", "gotv-3 is near the limit", "subject-gotv-3 is decided"):
        assert len([line for line in told if line.startswith(noticed)]) == 1, noticed
    evening = json.loads((tmp_path / "figures.json").read_bytes())["evening"]
    assert (evening["doors"], evening["calls"], evening["broken"]) == (130, 70, "digital/signup")
    assert evening["refused"] >= 180
    assert "gmail: 3 complaints" in evening["near"]
    assert "B +" in evening["verdict"]
    assert "agree on each" in shown
    assert servers_of(tmp_path / "home" / "demo") == []


def test_ctrl_c_ends_an_evening_at_once_and_stops_servers_and_workers(tmp_path: Path, home: Path) -> None:
    command = [sys.executable, "-m", COMMAND, *EVENING, "--hour", "60"]
    demo = subprocess.Popen(command, cwd=tmp_path, env=environment_of(tmp_path, {}), stdout=subprocess.PIPE)
    try:
        assert demo.stdout is not None
        assert any(line.startswith(b"16:00") for line in demo.stdout)
        assert servers_of(home) == ["kafka", "redis"]
        assert workers_of(home)
        demo.send_signal(signal.SIGINT)
        demo.communicate(timeout=60)  # the evening itself would go on for minutes
    finally:
        demo.kill()
    assert demo.returncode == 130
    assert servers_of(home) == []
    assert workers_of(home) == []


def test_a_cluster_that_holds_records_is_refused_before_the_script_is_written_and_the_cure_is_named(
    tmp_path: Path,
) -> None:
    with local_stack(tmp_path / "own") as own:
        with open_deployment(settings_of(own)) as deployment:
            deployment.producer.send(INPUT_TOPICS[0].name, b"{}").get(30)
        (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in own.environment.items()))
        said = refused(harmonia(tmp_path, "demo", "--scale", SCALE, environment={}))
    assert f"the topics at {own.kafka_bootstrap}, which KAFKA_BOOTSTRAP names (in the file .env), hold records" in said
    assert "Take KAFKA_BOOTSTRAP and REDIS_URL out of .env while it runs" in said
    assert not (tmp_path / "home" / "demo" / "worker.log").exists()


def servers_of(home: Path) -> list[str]:
    return [name for name in ("kafka", "redis") if running_server(home / name) is not None]


def assert_every_donation_is_there(stack: Stack, seed: int) -> None:
    """Those of the file, and those around them that were given back."""
    invented = {one.id for one in write_script(seed, float(SCALE)).accepted() if one.source == "finance/actblue"}
    with open_deployment(settings_of(stack)) as deployment:
        counts: Counter[str] = Counter()
        for profile in profiles_of(deployment.redis):
            counts.update(profile["counts"])
    assert counts["donation.made"] + counts["donation.refunded"] == COUNTED + len(invented)


def profiles_of(redis: Redis) -> Iterator[dict[str, dict[str, int]]]:
    for key in redis.scan_iter(match="contact:*", count=1000):
        if state := redis.hget(key, "state"):  # else an identifier that leads to somebody
            yield json.loads(state)
