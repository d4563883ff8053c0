"""A segment's tag while other things happen: it is judged anew, a policy is published, a run is interrupted."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from redis import Redis

from sinks.keys import contact_key, segment_counts_key, segment_definitions_key
from streams.domain.pressure import default_policy_text
from streams.platform.errors import Unusable
from streams.platform.policy_file import policy_of
from streams.services.vendors.actionnetwork import ActionNetwork
from streams.services.vendors.journal import FOLDER
from streams.services.vendors.vendor_http import VendorSilent
from tests.contract.redis_server import RedisServer
from tests.contract.vendors.bench import TAG, Bench
from tests.contract.vendors.people import BELONGING, SEGMENT, SUPPRESSED, contact_of
from tests.contract.vendors.vendor_server import Call


@pytest.mark.parametrize("when", ["while it reads", "while it writes"])
@pytest.mark.parametrize("how", ["filling", "withdrawn", "defined anew"])
def test_by_a_segment_that_is_judged_anew_meanwhile_nobody_loses_the_tag(
    network: Bench, redis_server: RedisServer, how: str, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ActionNetwork, "at_once", 1)
    network.tag(TAG, *BELONGING, "olaf@example.org", "unknown@example.org")
    counts_key, definitions_key = segment_counts_key(1), segment_definitions_key(0)
    with Redis(port=redis_server.port) as client:
        counts, definition = client.hget(counts_key, SEGMENT), client.hget(definitions_key, SEGMENT)
        assert isinstance(counts, bytes)
        assert isinstance(definition, bytes)

        def change(call: Call) -> None:
            if network.server.is_write(call) if when == "while it writes" else call.path.endswith("/people"):
                if how == "filling":
                    client.hset(counts_key, SEGMENT, counts.replace(b"complete", b"filling"))
                elif how == "withdrawn":
                    client.hdel(definitions_key, SEGMENT)
                else:
                    client.hset(definitions_key, SEGMENT, definition.replace(b"volunteer", b"donor"))

        network.server.before = change
        told = {"filling": "filling: not everybody", "withdrawn": "no such segment", "defined anew": "defined anew"}
        try:
            with pytest.raises(Unusable, match=f"{SEGMENT}: .*{told[how]}"):
                network.run(SEGMENT)
        finally:
            client.hset(counts_key, SEGMENT, counts)
            client.hset(definitions_key, SEGMENT, definition)
    assert len(network.written()) == (1 if when == "while it writes" else 0), "what was under way, and nothing more"
    network.server.before = lambda call: None
    network.run(SEGMENT)
    assert network.tagged() == BELONGING


def test_the_policy_that_was_published_while_the_list_was_read_is_the_one_that_counts(
    network: Bench, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.toml"
    packaged = default_policy_text()
    policy.write_text(packaged)
    settings = network.settings().model_copy(update={"policy": policy})

    def publish(call: Call) -> None:
        if call.path.endswith("/people"):
            policy.write_text(packaged.replace("needs_consent = []", 'needs_consent = ["email"]'))

    network.server.before = publish
    result = network.run(SEGMENT, settings=settings)
    assert network.tagged() == set(), "of nobody here a consent is known"
    assert result.policy_version == policy_of(policy, settings.regime).version


GONE = ("ursula@example.org", "dora@example.org", "sam@example.org", "erna@example.org", "olaf@example.org")


def break_after(bench: Bench, writes: int) -> None:
    """Have the vendor answer no more once so many changes were made."""

    def fail(call: Call) -> None:
        if len(bench.server.writes()) >= writes:
            bench.server.faults[len(bench.server.calls) + 1] = "dropped"

    bench.server.before = fail


def mend(bench: Bench) -> None:
    bench.server.before = lambda call: None
    bench.server.forget_calls()


@contextmanager
def erased(redis_server: RedisServer, *addresses: str) -> Iterator[None]:
    """For the length of a block nothing but their erasure is known of some people."""
    with Redis(port=redis_server.port) as client:
        keys = [contact_key(contact_of(each)) for each in addresses]
        states = [client.hget(key, "state") for key in keys]
        for key in keys:
            client.hset(key, "erased", "1")
            client.hdel(key, "state")
        try:
            yield
        finally:
            for key, state in zip(keys, states, strict=True):
                assert isinstance(state, bytes)
                client.hset(key, "state", state)
                client.hdel(key, "erased")


def test_what_a_run_took_off_before_it_was_interrupted_counts_towards_the_most(
    network: Bench, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ActionNetwork, "at_once", 1)
    network.tag(TAG, *BELONGING, *GONE)  # 47 people; 20 per cent are 9 of them
    break_after(network, 4)
    with pytest.raises(VendorSilent):
        network.run(SEGMENT)
    mend(network)
    with erased(redis_server, *(f"member{number}@example.org" for number in range(6))):
        dry = network.run(SEGMENT, write=False)
        refused = network.run(SEGMENT)
        assert (dry.is_refused, refused.is_refused, network.written()) == (True, True, [])
        assert (refused.due("remove"), refused.made["remove"], refused.held) == (7, 4, 47)
        assert network.run(SEGMENT, most=24).made["remove"] == 11


def test_a_look_does_not_make_forgotten_what_an_interrupted_run_took_off(
    network: Bench, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ActionNetwork, "at_once", 1)
    network.tag(TAG, *BELONGING, *GONE)
    break_after(network, 4)
    with pytest.raises(VendorSilent):
        network.run(SEGMENT)
    mend(network)
    assert not network.run(SEGMENT, write=False).is_refused
    with erased(redis_server, *(f"member{number}@example.org" for number in range(6))):
        assert network.run(SEGMENT).is_refused


def test_a_refused_run_is_begun_anew(network: Bench) -> None:
    network.tag(TAG, *GONE)
    assert network.run(SEGMENT).is_refused
    mend(network)
    went_on: list[bool] = []
    assert network.run(SEGMENT, goes_on=lambda: went_on.append(True)).is_refused
    assert went_on == []
    assert ("GET", "/api/v2/people") in network.server.counted()


@pytest.mark.parametrize("spoilt", ["whole", "a page", "a page of an old one"])
def test_a_spoilt_journal_stops_one_run_at_most(network: Bench, tmp_path: Path, spoilt: str) -> None:
    network.interrupt()
    [file] = (tmp_path / FOLDER).glob("*.sqlite")
    if spoilt == "whole":
        file.write_bytes(b"no database at all" * 1000)
    else:
        with closing(sqlite3.connect(file)) as database:
            [(first,)] = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'people'")
            [(size,)] = database.execute("PRAGMA page_size")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with file.open("r+b") as pages:
            pages.seek((first - 1) * size)
            pages.write(b"\xff" * size)
    if spoilt == "a page":
        with pytest.raises(Unusable, match="malformed; run this again: it begins anew"):
            network.run()
    network.clock.at += 90_000 if spoilt == "a page of an old one" else 0
    network.run()
    assert network.suppressed() == SUPPRESSED
