"""`harmonia vendors sync` as it is used: what it prints, what it refuses, and that a killed one goes on."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from redis import Redis
from typer.testing import CliRunner, Result

from events.outputs import AuditRecord
from sinks.keys import kept_members_key, segment_counts_key
from streams.cli.main import app
from streams.platform.settings import Settings
from streams.services.permission import command_audit
from streams.services.vendors.journal import SyncJournal
from streams.services.vendors.names import VendorName
from streams.services.vendors.sendgrid import SendGrid
from streams.services.vendors.vendor_http import VendorTrouble
from tests.contract.redis_server import RedisServer
from tests.contract.vendors.bench import KEYS, TAG, Bench
from tests.contract.vendors.people import BELONGING, CAST, SEGMENT, SUPPRESSED
from tests.contract.vendors.vendor_server import Call

SUPPRESSIONS = ("--what", "suppressions")
SEGMENTS = ("--what", f"segment:{SEGMENT}")


def bench_of(vendor: VendorName, home: Path, url: str) -> Bench:
    """A vendor by the machine's clock."""
    bench = Bench(vendor, home, url)
    bench.server.clock = None
    if vendor == "sendgrid":
        bench.grid.pending = 0
    return bench


@pytest.fixture
def sendgrid(url: str, tmp_path: Path) -> Iterator[Bench]:
    with bench_of("sendgrid", tmp_path, url).running() as bench:
        yield bench
        assert bench.server.wrong == []


def environment(bench: Bench, **more: str) -> dict[str, str]:
    vendor = bench.vendor.upper()
    said = {
        "REDIS_URL": bench.redis_url,
        "KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "HARMONIA_IDENTITY_KEY": "test",
        "HARMONIA_HOME": str(bench.home),
        "HARMONIA_PROFILES_OLDEST_S": "300",
        "COLUMNS": "80",
        f"HARMONIA_{vendor}_KEY": KEYS[bench.vendor],
        f"HARMONIA_{vendor}_URL": bench.base,
    }
    return said | more


def run(bench: Bench, *words: str, **more: str) -> Result:
    return CliRunner().invoke(app, ["vendors", "sync", bench.vendor, *words], env=environment(bench, **more))


def test_what_would_be_changed_is_said_by_reason_and_then_what_was(sendgrid: Bench) -> None:
    dry = run(sendgrid, *SUPPRESSIONS)
    assert dry.exit_code == 0, dry.stderr
    assert dry.stdout == (
        "             reason               people\n"
        "suppress     complained                1\n"
        "suppress     deceased                  1\n"
        "suppress     erased                    1\n"
        "suppress     suppressed                1\n"
        "suppress     unsubscribed              2\n"
        "leave as is  no_readable_address       1\n"
        "leave as is  open                     45\n"
        "leave as is  unknown                   1\n"
        "53 people read, 6 differences; nothing was written: give --write\n"
    )
    done = run(sendgrid, *SUPPRESSIONS, "--write")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "53 people read, 6 suppressed")
    assert sendgrid.suppressed() == SUPPRESSED


def test_what_a_segment_has_changed_is_printed_and_in_the_audit_log_by_counts(
    sendgrid: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    records: list[AuditRecord] = []

    def sent(_: Settings, record: AuditRecord) -> str:
        records.append(record)
        return "Kafka: NoBrokers"

    monkeypatch.setattr(command_audit, "send_record", sent)
    sendgrid.tag(TAG, *[f"member{number}@example.org" for number in range(9)], "olaf@example.org")
    done = run(sendgrid, *SEGMENTS, "--write")
    assert done.exit_code == 0
    assert "not written into audit-log: Kafka: NoBrokers\n" in done.stderr
    assert done.stdout.splitlines()[-1] == "53 people read, 33 given the tag harmonia:donors, 1 no longer with it"
    again = json.loads(run(sendgrid, *SEGMENTS, "--write", "--json").stdout)
    assert (again["read"], again["held"], again["added"], again["removed"]) == (len(CAST), len(BELONGING), 0, 0)
    assert again["outcomes"]["leave:already"] == len(BELONGING)
    first = {(each["decision"], each["reason"]): each["rows"] for each in records[0]["counts"]}
    assert (records[0]["segment"], records[0]["answers"]) == (SEGMENT, [])
    assert (first["add", "member"], first["remove", "no_member"]) == (33, 1)


def test_what_was_changed_before_an_interruption_is_in_the_audit_log_too(
    sendgrid: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    records: list[AuditRecord] = []
    monkeypatch.setattr(command_audit, "send_record", lambda _, record: records.append(record))
    monkeypatch.setattr(SendGrid, "at_once", 10)
    sendgrid.clock.at = time.time() - 3600  # it goes on while nothing is waited for, and the next run is of now

    def fail(call: Call) -> None:
        if len(sendgrid.written()) >= 3:  # the list is made, ten are on it, and ten are asked for
            sendgrid.server.faults[len(sendgrid.server.calls) + 1] = "redirect"

    sendgrid.server.before = fail
    with pytest.raises(VendorTrouble):
        sendgrid.run(SEGMENT)
    sendgrid.server.before = lambda call: None
    sendgrid.server.forget_calls()
    done = run(sendgrid, *SEGMENTS, "--write")
    assert done.exit_code == 0, done.stderr
    counts = {(each["decision"], each["reason"]): each["rows"] for each in records[0]["counts"]}
    assert counts["add", "before_an_interruption"] == 10
    assert counts["add", "member"] == len(BELONGING) - 10


@pytest.mark.parametrize(
    ("segment", "told"),
    [
        ("donor", "donor: no such segment; did you mean donors?; see `harmonia segments list`"),
        ("listless", "listless: no list of its members is kept; define it with members = true"),
    ],
)
def test_a_segment_without_a_list_is_refused_with_the_cure(sendgrid: Bench, segment: str, told: str) -> None:
    done = run(sendgrid, "--what", f"segment:{segment}", COLUMNS="200")
    assert (done.exit_code, done.stdout) == (1, "")
    assert told in done.stderr
    assert sendgrid.server.calls == []


def test_a_segment_that_is_gathering_or_filling_is_refused(sendgrid: Bench, redis_server: RedisServer) -> None:
    with Redis(port=redis_server.port) as client:
        client.hset(kept_members_key(2), SEGMENT, "gathering")
        gathering = run(sendgrid, *SEGMENTS, COLUMNS="200")
        client.hset(kept_members_key(2), SEGMENT, "kept")
        counts = client.hget(segment_counts_key(1), SEGMENT)
        assert isinstance(counts, bytes)
        client.hset(segment_counts_key(1), SEGMENT, counts.replace(b"complete", b"filling"))
        filling = run(sendgrid, *SEGMENTS, COLUMNS="200")
        client.hset(segment_counts_key(1), SEGMENT, counts)
    assert (gathering.exit_code, filling.exit_code, sendgrid.server.calls) == (1, 1, [])
    assert "its members are still gathered; does a worker run? Ask again in a moment" in gathering.stderr
    assert "ask again once `harmonia segments list` says complete" in filling.stderr


@pytest.mark.parametrize(
    ("more", "words", "code", "told"),
    [
        ({"HARMONIA_SENDGRID_KEY": ""}, SUPPRESSIONS, 2, "HARMONIA_SENDGRID_KEY"),
        ({"HARMONIA_SENDGRID_KEY": "SG.other"}, SUPPRESSIONS, 1, "HARMONIA_SENDGRID_KEY is not a key that may do this"),
        ({"HARMONIA_SENDGRID_KEY": "a\nb"}, SUPPRESSIONS, 2, "holds signs that no API key has"),
        ({"HARMONIA_SENDGRID_URL": "http://example.org"}, SUPPRESSIONS, 2, "HARMONIA_SENDGRID_URL is no URL of an API"),
        ({"HARMONIA_SENDGRID_URL": "https://u:p@example.org?a"}, SUPPRESSIONS, 2, "with no user:password@ in it"),
        ({}, ("--what", "segments:x"), 2, "--what: give suppressions, or segment:ID"),
        ({"REDIS_URL": "redis://127.0.0.1:1/0"}, SUPPRESSIONS, 1, "is REDIS_URL right and the server up?"),
    ],
)
def test_what_is_wrong_is_named_with_the_cure_and_no_secret(
    sendgrid: Bench, more: Mapping[str, str], words: tuple[str, ...], code: int, told: str
) -> None:
    done = run(sendgrid, *words, **{"COLUMNS": "300", **more})
    assert (done.exit_code, done.stdout) == (code, "")
    assert told in done.stderr
    assert "SG." not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_key_may_be_in_a_file(sendgrid: Bench, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEYS['sendgrid']}\n")
    env = environment(sendgrid, HARMONIA_SENDGRID_KEY_FILE=str(file))
    del env["HARMONIA_SENDGRID_KEY"]
    assert CliRunner().invoke(app, ["vendors", "sync", "sendgrid", *SUPPRESSIONS], env=env).exit_code == 0


def test_two_runs_of_the_same_do_not_get_in_each_others_way(sendgrid: Bench) -> None:
    with SyncJournal(sendgrid.home, "sendgrid-suppressions", "a", 0.0):
        done = run(sendgrid, *SUPPRESSIONS)
    assert done.exit_code == 1
    assert "sendgrid-suppressions: another run of this is at work; wait for its end" in done.stderr


def test_a_run_that_is_killed_while_it_writes_goes_on_and_reads_nothing_again(url: str, tmp_path: Path) -> None:
    with bench_of("actionnetwork", tmp_path, url).running() as bench:
        reached, killed = threading.Event(), threading.Event()

        def hold(call: Call) -> None:
            if bench.server.is_write(call) and len(bench.written()) == 2:
                reached.set()
                killed.wait(120)

        bench.server.before = hold
        command = [
            sys.executable,
            "-m",
            "streams.cli.main",
            "vendors",
            "sync",
            "actionnetwork",
            *SUPPRESSIONS,
            "--write",
        ]
        process = subprocess.Popen(command, env=environment(bench), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            assert reached.wait(120)
        finally:
            process.kill()
            output = process.communicate()[0]
            killed.set()
        assert process.returncode == -signal.SIGKILL, output
        bench.server.before = lambda call: None
        before = len(bench.server.calls)
        done = run(bench, *SUPPRESSIONS, "--write")
        assert done.exit_code == 0, done.stderr
        assert "going on with a run that was interrupted\n" in done.stderr
        assert {call.method for call in bench.server.calls[before:]} == {"PUT"}
        assert bench.suppressed() == SUPPRESSED
        bench.server.forget_calls()
        assert run(bench, *SUPPRESSIONS, "--write").exit_code == 0
        assert bench.written() == []
        assert bench.server.wrong == []


def test_too_many_who_would_lose_the_tag_are_refused_with_what_would_do_it(sendgrid: Bench) -> None:
    sendgrid.tag(TAG, "olaf@example.org", "member1@example.org", "member2@example.org")
    refused = run(sendgrid, *SEGMENTS, "--write")
    assert refused.exit_code == 1
    assert " ".join(refused.stderr.split()).endswith(
        "nothing was written: 1 of 3 would lose the tag harmonia:donors, more than 20 per cent; "
        "if that is meant, give --most 34"
    )
    assert sendgrid.written() == []
