"""A vendor's list brought in line with a real Redis: what is written, what never is, and what happens when it fails."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from redis import Redis

from events.topics import CAMPAIGN_HOLDS, CONTACT_STATE
from sinks.keys import KEY_IDS, contact_key, position_key
from streams.platform.errors import Unusable
from streams.services.vendors.actionnetwork import ActionNetwork
from streams.services.vendors.journal import FOLDER
from streams.services.vendors.sendgrid import SendGrid
from streams.services.vendors.vendor_http import VendorSilent, VendorTrouble
from tests.contract.redis_server import RedisServer
from tests.contract.vendors.actionnetwork_server import PAGE
from tests.contract.vendors.bench import FOREIGN, TAG, Bench
from tests.contract.vendors.people import (
    ADDRESSES,
    BELONGING,
    CAST,
    SEGMENT,
    SUPPRESSED,
    UNREADABLE,
    contact_of,
)
from tests.contract.vendors.sendgrid_server import made_id
from tests.contract.vendors.vendor_server import Call, Fault


def test_whoever_is_suppressed_here_and_nobody_else_is_suppressed_at_the_vendor(bench: Bench) -> None:
    dry = bench.run(write=False)
    assert (bench.suppressed(), bench.written(), dry.read) == (set(), [], len(CAST))
    result = bench.run()
    assert bench.suppressed() == SUPPRESSED
    told = {(each.reason, number) for each, number in result.outcomes.items() if each.act == "add"}
    reasons = [each.suppressed for each in CAST if each.suppressed]
    assert told == {(reason, reasons.count(reason)) for reason in reasons}
    assert result.outcomes == dry.outcomes
    assert result.made == {"add": len(SUPPRESSED), "remove": 0}


@pytest.mark.parametrize("segment", [None, SEGMENT])
def test_a_second_run_writes_nothing(bench: Bench, segment: str | None) -> None:
    bench.run(segment)
    assert bench.written()
    bench.server.forget_calls()
    result = bench.run(segment)
    assert bench.written() == []
    assert (result.due("add"), result.due("remove")) == (0, 0)


def test_nobody_is_taken_off_the_vendors_own_suppressions(bench: Bench) -> None:
    own = {"olaf@example.org", "unknown@example.org", "member1@example.org", UNREADABLE}
    bench.suppress(*own)
    result = bench.run()
    assert bench.suppressed() == SUPPRESSED | own
    assert result.made["remove"] == 0


def test_members_who_may_be_written_to_have_the_tag_and_no_other_tag_is_touched(bench: Bench) -> None:
    bench.tag(FOREIGN, "ursula@example.org", "olaf@example.org")
    bench.tag("harmonia:others", "dora@example.org")
    bench.run(SEGMENT)
    assert bench.tagged() == BELONGING
    assert bench.tagged(FOREIGN) == {"ursula@example.org", "olaf@example.org"}
    assert bench.tagged("harmonia:others") == {"dora@example.org"}
    assert bench.tags() == {FOREIGN, "harmonia:others", TAG}
    assert bench.suppressed() == set(), "a segment suppresses nobody"


def test_whoever_is_closed_or_no_member_any_more_loses_the_tag(bench: Bench) -> None:
    gone = {"ursula@example.org", "bert.bounces@example.org", "olaf@example.org", "unknown@example.org"}
    bench.tag(TAG, *BELONGING, *gone, UNREADABLE)
    result = bench.run(SEGMENT)
    assert bench.tagged() == BELONGING | {UNREADABLE}, "whose address cannot be read is left alone"
    assert result.made == {"add": 0, "remove": len(gone)}
    told = {each.reason for each in result.outcomes if each.act == "remove"}
    assert told == {"unsubscribed", "hard_bounced", "no_member", "unknown"}


def test_a_tag_is_not_taken_off_too_many_at_once(bench: Bench) -> None:
    bench.tag(TAG, "olaf@example.org", "ursula@example.org", "dora@example.org", "member1@example.org")
    refused = bench.run(SEGMENT)
    assert refused.is_refused
    assert (bench.written(), refused.due("remove"), refused.held) == ([], 3, 4)
    assert bench.run(SEGMENT, most=74).is_refused
    assert not bench.run(SEGMENT, most=75).is_refused
    assert bench.tagged() == BELONGING


@pytest.mark.parametrize("segment", [None, SEGMENT])
def test_what_passes_is_tried_again_and_nothing_is_doubled(bench: Bench, segment: str | None) -> None:
    faults: list[Fault] = ["500", "429", "dropped", "answer lost", "429 by time", "503 for a time"]
    bench.tag(TAG, "olaf@example.org", *[f"member{number}@example.org" for number in range(10)])
    bench.server.faults = {number: faults[number % len(faults)] for number in range(1, 400) if number % 3}
    bench.run(segment)
    assert (bench.tagged() if segment else bench.suppressed()) == (BELONGING if segment else SUPPRESSED)
    assert {7.0, 11.0, 13.0} <= {round(seconds) for seconds in bench.clock.waited}, "as the vendor told"


def test_a_vendor_that_is_away_is_given_up_and_the_next_run_does_the_rest(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ActionNetwork, "at_once", 10)
    monkeypatch.setattr(SendGrid, "at_once", 10)
    answered = 20 if bench.vendor == "actionnetwork" else 4  # some are done, and some of the next ten, one by one

    def fail(call: Call) -> None:
        if len(bench.server.writes()) >= answered:
            bench.server.faults[len(bench.server.calls) + 1] = "dropped"

    bench.server.before = fail
    bench.tag(TAG, "olaf@example.org", "ursula@example.org")
    with pytest.raises(VendorSilent, match="after 6 tries; run it again later"):
        bench.run(SEGMENT, most=100)
    bench.server.before = lambda call: None
    bench.server.forget_calls()
    went_on: list[bool] = []
    result = bench.run(SEGMENT, most=100, goes_on=lambda: went_on.append(True))
    assert (went_on, bench.tagged()) == ([True], BELONGING)
    assert result.made["remove"] == 2
    assert result.made["add"] == len(BELONGING)


@pytest.mark.parametrize(
    ("later_s", "changed", "pages"),
    [
        (0, {}, ["3", "4"]),
        (90_000, {}, [None, "2", "3", "4"]),
        (0, {"gmail_aliases": True}, [None, "2", "3", "4"]),
        (0, {"phone_region": "DE"}, [None, "2", "3", "4"]),
        (0, {"identity_key": SecretStr("test,older")}, [None, "2", "3", "4"]),
    ],
)
def test_an_interrupted_run_reads_on_unless_a_day_has_passed_or_addresses_are_read_otherwise(
    network: Bench, later_s: int, changed: dict[str, Any], pages: list[str | None]
) -> None:
    network.interrupt()
    network.clock.at += later_s
    network.run(settings=network.settings().model_copy(update=changed), write=not changed)
    assert [call.query.get("page") for call in network.server.calls if call.method == "GET"] == pages
    assert network.suppressed() == (set() if changed else SUPPRESSED)


def shift_pages(network: Bench) -> None:
    """Before the second page of people is told, the first of them goes to the end, so that everybody moves up."""
    people, first = network.network.people, next(iter(network.network.people))

    def shift(call: Call) -> None:
        if call.path.endswith("/people") and call.query.get("page") == "2" and next(iter(people)) == first:
            people[first] = people.pop(first)

    network.server.before = shift


def test_somebody_who_is_told_twice_is_changed_once(network: Bench) -> None:
    shift_pages(network)
    result = network.run()
    assert network.suppressed() == SUPPRESSED
    assert len(network.written()) == result.made["add"] == len(SUPPRESSED)


def test_somebody_who_was_missed_as_the_list_changed_is_found_by_the_next_run(network: Bench) -> None:
    shift_pages(network)
    network.run(SEGMENT)
    assert network.tagged() == BELONGING - {CAST[PAGE].address}
    network.run(SEGMENT)
    assert network.tagged() == BELONGING


def test_somebody_with_the_tag_whom_the_pages_missed_is_asked_for(network: Bench) -> None:
    network.tag(TAG, *BELONGING, "olaf@example.org")
    hidden: list[Any] = []

    def hide(call: Call) -> None:
        people = network.network.people
        if call.path.endswith("/people") and not hidden:
            hidden.extend((id_, each) for id_, each in people.items() if each.address == "olaf@example.org")
            del people[hidden[0][0]]
        elif hidden and call.path.endswith(hidden[0][0]):
            people[hidden[0][0]] = hidden[0][1]

    network.server.before = hide
    network.run(SEGMENT)
    assert network.tagged() == BELONGING


def test_whoever_is_closed_between_comparing_and_writing_gets_no_tag(
    bench: Bench, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ActionNetwork, "at_once", 10)
    monkeypatch.setattr(SendGrid, "at_once", 10)
    last = bench.last_of([f"member{number}@example.org" for number in range(40)])  # of the last ten who are written
    key = contact_key(contact_of(last))
    with Redis(port=redis_server.port) as client:
        state = client.hget(key, "state")
        assert isinstance(state, bytes)

        def close(call: Call) -> None:
            if bench.server.is_write(call):
                client.hset(key, "erased", "1")
                client.hdel(key, "state")

        bench.server.before = close
        result = bench.run(SEGMENT)
        client.hset(key, "state", state)
        client.hdel(key, "erased")
    assert bench.tagged() == BELONGING - {last}
    assert (result.due("add"), result.made["add"]) == (len(BELONGING), len(BELONGING) - 1)


def test_an_address_that_changed_since_it_was_read_is_left_out(sendgrid: Bench) -> None:
    def change(call: Call) -> None:
        if call.path.endswith("/batch"):
            sendgrid.grid.contacts[made_id("ursula@example.org")].email = "somebody.else@example.org"

    sendgrid.server.before = change
    sendgrid.run()
    assert sendgrid.suppressed() == SUPPRESSED - {"ursula@example.org"}


@pytest.mark.parametrize(("segment", "address"), [(None, "dora@example.org"), (SEGMENT, "member7@example.org")])
def test_a_change_that_the_vendor_does_not_take_holds_up_no_other(
    bench: Bench, segment: str | None, address: str
) -> None:
    bench.server.refuses = {address}
    result = bench.run(segment)
    assert result.not_taken == 1
    assert (bench.tagged() if segment else bench.suppressed()) == (BELONGING if segment else SUPPRESSED) - {address}
    bench.server.refuses = set()
    assert bench.run(segment).made["add"] == 1


def test_a_tag_of_which_the_answer_was_lost_is_made_once(bench: Bench) -> None:
    lost: list[int] = []

    def lose(call: Call) -> None:
        if call.method == "POST" and call.path.rpartition("/")[2] in ("tags", "lists") and not lost:
            lost.append(len(bench.server.calls) + 1)
            bench.server.faults[lost[0]] = "answer lost"

    bench.server.before = lose
    bench.run(SEGMENT)
    assert lost
    assert bench.tags() == {TAG}
    assert bench.tagged() == BELONGING


@pytest.mark.parametrize(
    ("fault", "told"),
    [("redirect", "HTTP 302: it sends elsewhere, which is not followed"), ("nonsense", "the answer is no JSON")],
)
def test_an_answer_that_leads_elsewhere_or_says_nothing_ends_the_run(bench: Bench, fault: Fault, told: str) -> None:
    bench.server.faults = {1: fault}
    with pytest.raises(VendorTrouble, match=told):
        bench.run()
    assert len(bench.server.calls) == 1


def test_a_next_page_on_another_server_is_not_asked_for(network: Bench) -> None:
    network.network.base = "http://127.0.0.1:1/api/v2"
    with pytest.raises(VendorTrouble, match="its next page is on another server, which is not asked"):
        network.run()


def test_another_identity_key_than_the_workers_is_refused_before_the_vendor_is_asked(
    bench: Bench, redis_server: RedisServer
) -> None:
    with Redis(port=redis_server.port) as client:
        client.hset(position_key(0, CAMPAIGN_HOLDS), KEY_IDS, "0123456789abcdef")
        try:
            with pytest.raises(Unusable, match="HARMONIA_IDENTITY_KEY is another one than the workers'"):
                bench.run()
        finally:
            client.hdel(position_key(0, CAMPAIGN_HOLDS), KEY_IDS)
    assert bench.server.calls == []


def test_by_a_redis_that_lacks_something_nobody_is_judged(bench: Bench, redis_server: RedisServer) -> None:
    with Redis(port=redis_server.port) as client:
        kept = client.dump(position_key(1, CONTACT_STATE))
        client.delete(position_key(1, CONTACT_STATE))
        try:
            with pytest.raises(Unusable, match="profiles_incomplete: in Redis contact-state:1 is missing"):
                bench.run()
        finally:
            client.restore(position_key(1, CONTACT_STATE), 0, kept)
    assert bench.server.calls == []


def test_no_address_is_in_what_is_kept_told_or_asked_for_by_url(
    bench: Bench, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level("DEBUG")
    bench.server.faults = dict.fromkeys(range(5, 40), "500")
    with pytest.raises(VendorTrouble) as told:
        bench.run()
    kept = b"".join(file.read_bytes() for file in (tmp_path / FOLDER).iterdir())
    assert kept, "the run was interrupted"
    asked = [f"{call.path} {call.query}" for call in bench.server.calls]
    said = [kept.decode(errors="replace"), str(told.value), *asked, *caplog.messages]
    names = {*ADDRESSES, *map(str.lower, ADDRESSES), "linked.to", "complains", "bounces", "consented", "Adalbert"}
    assert not [name for name in names for text in said if name in text]
    assert {file.stat().st_mode & 0o077 for file in (tmp_path / FOLDER).iterdir()} == {0}
    bench.server.forget_calls()
    bench.run()
    assert [file.name for file in (tmp_path / FOLDER).iterdir() if file.suffix != ".lock"] == []


def test_a_key_that_the_vendor_does_not_know_is_told_by_its_setting(bench: Bench) -> None:
    setting = f"HARMONIA_{bench.vendor.upper()}_KEY"
    with pytest.raises(VendorTrouble, match=f"{setting} is not a key that may do this; give one that may") as told:
        bench.run(settings=bench.settings(key="another"))
    assert "another" not in str(told.value)
