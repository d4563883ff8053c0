"""`harmonia permit` on a running system: who is told to leave alone is left alone, whatever the list looks like."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from events.json_types import JSON
from events.topics import AUDIT_LOG
from sinks.keys import HOLDS, identity_key
from streams.domain.pressure import default_policy
from streams.local.stack import Stack
from streams.services.audience_filter.filtering import ALONE
from tests.integration.command import PATIENCE_S, Ended, ended_well, environment_of, harmonia, on, refused
from tests.integration.said import afternoon, event, fresh, structured
from tests.integration.system import System, running_system, state_of
from tests.integration.tap import tapped
from tests.integration.waiting import until

ASK = ("permit", "--channel", "email", "--purpose", "fundraising", "--json", "--at")
A_DAY_S = "86400"
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def system(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(stack, tmp_path_factory.mktemp("worker")) as running:
        yield running


class Sender:
    """Somebody with a list."""

    def __init__(self, system: System, folder: Path) -> None:
        self.folder = folder
        self.system = system
        self.denied = folder / "denied.csv"

    def say(self, topic: str, type_: str, contact: dict[str, JSON], **data: JSON) -> None:
        self.system.deployment.producer.send(topic, structured(event(type_, contact, **data))[0]).get(30)

    def known(self) -> str:
        """The address of somebody who is in Redis and has nothing against mail."""
        address = f"{fresh()}@example.org"
        self.say("email-events", "email.opened", {"email": address})
        name = self.system.deployment.identify({"email": address})
        until(lambda: state_of(self.system, name) is not None, "a profile in Redis")
        return address

    def run(self, given: str, *words: str, ask: tuple[str, ...] = ASK, **settings: str) -> Ended:
        where = on(self.system.stack, **settings)
        return harmonia(self.folder, *ask, afternoon(), *words, environment=where, given=given.encode())

    def judged(self, given: str, *words: str) -> tuple[Rows, Rows]:
        """The rows of both files."""
        ended = self.run(given, "--denied", str(self.denied), *words)
        assert ended.returncode == 0, ended.stderr
        return rows(ended.stdout), rows(self.denied.read_bytes())


def rows(text: bytes) -> Rows:
    return list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline="")))


@pytest.fixture
def sender(system: System, tmp_path: Path) -> Sender:
    """Once Redis has told that nothing is missing."""
    sender = Sender(system, tmp_path)
    until(lambda: sender.run("email\n").returncode == 0, "a Redis that is whole")
    return sender


def test_rows_are_told_apart_and_given_back_as_they_were(sender: Sender) -> None:
    ada, ben = sender.known(), sender.known()
    sender.say("email-events", "email.unsubscribed", {"email": ben})

    given = (
        "\ufeffName,E-Mail,Note\r\n"
        f'"Lovelace, ""Ada""",{ada.upper()},1\r\n'
        f"Ben,{ben},2\r\n"
        f'Open,{fresh()}@example.org,"never closed\r\n'
        "\r\n"
        f"Nobody,,4\r\n"
        f"Ada again,{ada},5\r\n"
        f"New,{fresh()}@example.org,6\r\n"
    )

    def done() -> tuple[Rows, Rows] | None:
        allowed, denied = sender.judged(given)
        return (allowed, denied) if len(allowed) == 2 else None

    allowed, denied = until(done, "the unsubscription")
    assert [(row["Name"], row["E-Mail"]) for row in allowed] == [
        ('Lovelace, "Ada"', ada.upper()),
        ("New", allowed[1]["E-Mail"]),
    ]
    assert {row["harmonia_policy_version"] for row in allowed} == {default_policy().version}
    assert all(row["harmonia_expires_at"] > afternoon() for row in allowed)
    why = {row["harmonia_line"]: (row["harmonia_decision"], row["harmonia_reason"]) for row in denied}
    assert why.pop("3")[0] == "deny"
    assert why == {
        "4": ("deny", "malformed_row"),
        "6": ("deny", "no_identifier"),
        "7": ("deny", "repeated_in_audience"),
    }
    assert sender.denied.read_bytes().startswith("\ufeffName,E-Mail,Note,harmonia_decision".encode())


def test_whoever_was_erased_by_an_address_is_denied_by_every_identifier(sender: Sender) -> None:
    voter, van, address = f"NY:{fresh()}", fresh(), f"{fresh()}@example.org"
    sender.say("email-events", "email.unsubscribed", {"voter_id": voter, "external": {"van": van}, "email": address})
    hasher, redis = sender.system.deployment.hasher, sender.system.deployment.redis
    name, hashed = hasher.voter(voter), hasher.email(address) or ""
    until(lambda: state_of(sender.system, name) is not None, "a profile in Redis")
    until(lambda: redis.get(identity_key(hashed)) is not None, "the profile by its address too")
    where = on(sender.system.stack)
    ended_well(harmonia(sender.folder, "contact", "erase", address, "--yes", environment=where))

    def reasons(column: str, value: str) -> list[str]:
        allowed, denied = sender.judged(f"{column}\n{value}\n")
        return [row["harmonia_reason"] for row in denied] + ["allowed" for _ in allowed]

    assert reasons("email", address) == ["erased"]
    assert reasons("voter_id", voter) == ["erased"]
    until(lambda: reasons("external.van", van) == ["erased"], "the closing under an id that the command did not name")


def test_what_was_denied_of_a_list_is_in_the_report_of_the_day(sender: Sender) -> None:
    campaign = fresh()
    ended_well(harmonia(sender.folder, "hold", "--campaign", campaign, "--anyway", environment=on(sender.system.stack)))
    with tapped(sender.system.settings, AUDIT_LOG) as tap:
        sender.judged(f"email\n{fresh()}@example.org\n{fresh()}@example.org\n\n", "--campaign", campaign)
        tap.until(bool, "the record of the list")
    [record] = [json.loads(one.value or b"") for one in tap.records]
    assert record["counts"] == [{"decision": "deny", "reason": "held", "rows": 2}]
    assert (record["campaign_id"], record["answers"]) == (campaign, [])
    assert b"example.org" not in (tap.records[0].value or b"")
    words, where = ("report", "daily", "--date", record["at"][:10], "--json"), on(sender.system.stack)
    reported = harmonia(sender.folder, *words, environment={**where, "HARMONIA_TIME_ZONE": "UTC"})
    assert reported.returncode == 0, reported.stderr  # which says that there is no lake
    [held] = [one for one in json.loads(reported.stdout)["day"]["held"] if one["reason"] == "held"]
    assert held["rows"] >= 2


def test_a_no_about_one_person_is_written_down_for_the_report_of_the_day(sender: Sender) -> None:
    campaign, address, where = fresh(), sender.known(), on(sender.system.stack)
    ended_well(harmonia(sender.folder, "hold", "--campaign", campaign, "--anyway", environment=where))
    with tapped(sender.system.settings, AUDIT_LOG) as tap:
        words = ("permit", "check", address, "--channel", "email", "--campaign", campaign)
        assert "deny: held" in refused(harmonia(sender.folder, *words, environment=where))
        tap.until(bool, "the record of the answer")
    [record] = [json.loads(one.value or b"") for one in tap.records]
    contact_id = sender.system.deployment.identify({"email": address})
    assert record["answers"] == [{"contact_id": contact_id, "decision": "deny", "reason": "held"}]
    assert (record["what"], record["channel"], record["campaign_id"]) == ("permission", "email", campaign)


def test_a_held_campaign_reaches_nobody_until_it_is_lifted(sender: Sender) -> None:
    campaign, given = fresh(), f"email\n{fresh()}@example.org\n"
    where = on(sender.system.stack)
    ended_well(harmonia(sender.folder, "hold", "--campaign", campaign, "--anyway", environment=where))
    allowed, [row] = sender.judged(given, "--campaign", campaign)
    assert (allowed, row["harmonia_decision"], row["harmonia_reason"]) == ([], "deny", "held")
    listed = ended_well(harmonia(sender.folder, "hold", "--list", "--json", environment=where)).stdout
    [shown] = [one for one in json.loads(listed) if one["campaign_id"] == campaign]
    assert shown == {"campaign_id": campaign, "until": None, "in_force": True}
    sender.system.deployment.redis.hdel(HOLDS, campaign)
    listed = ended_well(harmonia(sender.folder, "hold", "--list", environment=where)).stdout
    assert b"not yet: Redis does not show it" in listed
    ended_well(harmonia(sender.folder, "hold", "--campaign", campaign, environment=where))
    assert len(sender.judged(given, "--campaign", fresh())[0]) == 1
    ended_well(harmonia(sender.folder, "hold", "--campaign", campaign, "--lift", environment=where))
    assert len(sender.judged(given, "--campaign", campaign)[0]) == 1


def test_one_person_is_asked_about_reserved_listed_and_given_back(sender: Sender) -> None:
    address = sender.known()

    def run(*words: str) -> Ended:
        return harmonia(sender.folder, *words, environment=on(sender.system.stack))

    def check(team: str) -> tuple[int, str]:
        ended = run("permit", "check", address, "--channel", "letter", "--team", team, "--json")
        [decision] = json.loads(ended.stdout)["decisions"]
        return ended.returncode, f"{decision['decision']} {decision['reason']}"

    assert check("field") == (0, "allow ok")
    assert len(sender.judged(f"email\n{address}\n", "--team", "digital", "--reserve", A_DAY_S)[0]) == 1
    assert check("field") == (1, "defer reserved")
    [held] = map(json.loads, ended_well(run("reservations", "list", address, "--json")).stdout.splitlines())
    assert (held["team"], held["channel"]) == ("digital", "email")
    assert ended_well(run("reservations", "release", address)).stdout.startswith(
        b"released: email, reserved by digital"
    )
    assert check("field") == (0, "allow ok")
    assert refused(run("reservations", "release", address)) == "this person is not reserved\n"


def test_a_list_that_was_reserved_is_given_back_as_a_whole(sender: Sender) -> None:
    given = "\n".join(["email", sender.known(), sender.known(), ""])

    def run(*words: str) -> Ended:
        return harmonia(sender.folder, *words, environment=on(sender.system.stack))

    ended = sender.run(given, "--team", "digital", "--reserve", A_DAY_S)
    list_id = json.loads(ended.stderr)["reserved_as"]
    every = map(json.loads, ended_well(run("reservations", "list", "--team", "digital", "--json")).stdout.splitlines())
    assert [each["list"] for each in every].count(list_id) == 2
    assert sender.judged(given, "--team", "field")[0] == []
    told = f"released: 2 people of the list {list_id}\n"
    assert ended_well(run("reservations", "release", "--list", list_id)).stdout.decode() == told
    assert len(sender.judged(given, "--team", "field")[0]) == 2
    assert "nobody is reserved with the list" in refused(run("reservations", "release", "--list", list_id))


def test_one_person_is_asked_about_at_another_time(sender: Sender) -> None:
    address = sender.known()

    def check(at: str) -> Ended:
        words = ("permit", "check", address, "--channel", "email", "--purpose", "fundraising", "--json", "--at", at)
        return harmonia(sender.folder, *words, environment=on(sender.system.stack))

    ended = [check(afternoon()), check(f"{afternoon()[:10]}T08:00:00Z")]
    told = [(each.returncode, json.loads(each.stdout)["decisions"][0]["reason"]) for each in ended]
    assert told == [(0, "ok"), (1, "hours")]
    assert "--at: give RFC 3339" in refused(check("tonight"), 2)


def test_whom_one_team_has_reserved_another_has_to_wait_for(sender: Sender) -> None:
    given = f"email\n{sender.known()}\n"
    assert len(sender.judged(given, "--team", "digital", "--reserve", A_DAY_S)[0]) == 1
    allowed, [row] = sender.judged(given, "--team", "field")
    assert (allowed, row["harmonia_decision"], row["harmonia_reason"]) == ([], "defer", "reserved")
    assert row["harmonia_earliest_at"]
    assert len(sender.judged(given, "--team", "digital")[0]) == 1


def test_several_processes_keep_the_order_and_lose_nobody(sender: Sender) -> None:
    names = [f"{number}-{fresh()}@example.org" for number in range(ALONE + 4_500)]
    ended = sender.run("\n".join(["email", *names, ""]), "--processes", "2")
    assert ended.returncode == 0, ended.stderr
    assert [row["email"] for row in rows(ended.stdout)] == names
    said = json.loads(ended.stderr)
    assert (said["rows"], said["allowed"], said["complete"]) == (len(names), len(names), True)
    assert said["reasons"] == {"allow:ok": len(names)}


def test_a_redis_that_lacks_something_allows_nobody(sender: Sender) -> None:
    """Nobody writes to this other database, as if it had been flushed."""
    empty = sender.system.stack.redis_url.rpartition("/")[0] + "/7"
    ended = sender.run(f"email\n{fresh()}@example.org\n", REDIS_URL=empty)
    assert "profiles_incomplete" in refused(ended)
    assert ended.stdout == b""


def test_people_read_a_table_of_what_became_of_them(sender: Sender) -> None:
    ask = ("permit", "--channel", "text", "--purpose", "fundraising", "--at")
    ended = sender.run("phone,Name,Note\n212 555 0101,Ada,1\n", ask=ask)
    assert ended.returncode == 0
    said = ended.stderr.decode()
    assert "not read, and given back as they were: the columns Name, Note" in said
    assert "unknown_contact" in said
    assert f"0 of 1 allowed, by policy {default_policy().version}" in said


def test_whoever_looks_on_sees_a_bar(sender: Sender) -> None:
    ours, theirs = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "streams.cli.main", *ASK, afternoon()],
        cwd=sender.folder,
        env=environment_of(sender.folder, on(sender.system.stack, TERM="xterm")),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=theirs,
    ) as running:
        os.close(theirs)
        written, _ = running.communicate(f"email\n{fresh()}@example.org\n".encode(), timeout=PATIENCE_S)
    assert running.returncode == 0
    assert len(rows(written)) == 1
    assert "━" in os.read(ours, 1 << 16).decode(errors="replace")
    os.close(ours)


def test_a_second_file_that_cannot_be_written_is_said_before_anybody_is_judged(sender: Sender) -> None:
    ended = sender.run("email\n", "--denied", str(sender.folder / "none" / "denied.csv"))
    assert refused(ended).startswith("--denied: ")
    assert ended.stdout == b""
