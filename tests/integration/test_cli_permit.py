"""`harmonia permit`, `suppressions export` and `hold` on a running system: who is to be left alone is left alone."""

import csv
import io
import json
from pathlib import Path

import pytest

from events.json_types import JSON
from events.topics import AUDIT_LOG
from sinks.keys import HOLDS, identity_key
from streams.domain.pressure import default_policy
from tests.integration.command import Ended
from tests.integration.said import afternoon, fresh
from tests.integration.system import System, until_in_redis
from tests.integration.tap import tapped
from tests.integration.terminal import Terminal
from tests.integration.waiting import until

ASK = ("permit", "--channel", "email", "--purpose", "fundraising", "--json", "--at")
A_DAY_S = "86400"
FOREVER = "2099-01-01T00:00:00.000Z"
Rows = list[dict[str, str]]


class Sender(Terminal):
    """Somebody with a list."""

    def known(self) -> str:
        """The address of somebody who is in Redis and has nothing against mail."""
        address = f"{fresh()}@example.org"
        self.system.say("email.opened", {"email": address})
        until_in_redis(self.system, self.system.deployment.identify({"email": address}))
        return address

    def permit(self, given: str, *words: str) -> Ended:
        return self.run(*ASK, afternoon(), *words, given=given.encode())

    def judged(self, given: str, *words: str) -> tuple[Rows, Rows]:
        """The rows of both files."""
        denied = self.folder / "denied.csv"
        ended = self.permit(given, "--denied", str(denied), *words)
        assert ended.returncode == 0, ended.stderr
        return rows(ended.stdout), rows(denied.read_bytes())

    def closed(self, channel: str, *words: str, code: int = 0) -> Rows:
        """Whom nobody may reach by it."""
        ended = self.run("suppressions", "export", "--channel", channel, *words)
        assert ended.returncode == code, ended.stderr
        return rows(ended.stdout)

    def list_of(self, text: str) -> str:
        """A file with a list."""
        file = self.folder / f"{fresh()}.csv"
        file.write_bytes(text.encode())
        return str(file)


def rows(text: bytes) -> Rows:
    return list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline="")))


@pytest.fixture
def sender(system: System, tmp_path: Path) -> Sender:
    """Once Redis has told that nothing is missing."""
    sender = Sender(system, tmp_path)
    until(lambda: sender.permit("email\n").returncode == 0, "a Redis that is whole")
    return sender


def test_rows_are_told_apart_and_given_back_as_they_were(sender: Sender) -> None:
    ada, ben = sender.known(), sender.known()
    sender.system.say("email.unsubscribed", {"email": ben})

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
    told = (sender.folder / "denied.csv").read_bytes()
    assert told.startswith("\ufeffName,E-Mail,Note,harmonia_decision".encode())
    shown = sender.run(*ASK[:-2], "--at", afternoon(), given=given.encode()).stderr.decode()
    assert "not read, and given back as they were: the columns Name, Note" in shown
    assert "repeated_in_audience" in shown
    assert f"2 of 6 allowed, by policy {default_policy().version}" in shown


def test_whoever_was_erased_by_an_address_is_denied_by_every_identifier(sender: Sender) -> None:
    voter, van, address = f"NY:{fresh()}", fresh(), f"{fresh()}@example.org"
    sender.system.say("email.unsubscribed", {"voter_id": voter, "external": {"van": van}, "email": address})
    hasher, redis = sender.system.deployment.hasher, sender.system.deployment.redis
    until_in_redis(sender.system, hasher.voter(voter))
    until(lambda: redis.get(identity_key(hasher.email(address) or "")) is not None, "the profile by its address too")
    sender.do("contact", "erase", address, "--yes")

    def reasons(column: str, value: str) -> list[str]:
        allowed, denied = sender.judged(f"{column}\n{value}\n")
        return [row["harmonia_reason"] for row in denied] + ["allowed" for _ in allowed]

    assert reasons("email", address) == ["erased"]
    assert reasons("voter_id", voter) == ["erased"]
    until(lambda: reasons("external.van", van) == ["erased"], "the closing under an id that the command did not name")


def test_whoever_was_erased_is_in_the_file_by_whichever_name_the_list_has(sender: Sender) -> None:
    voter, email = f"NY:{fresh()}", f"{fresh()}@example.org"
    sender.system.say("donation.made", {"voter_id": voter, "email": email}, donation_id=f"d:{fresh()}")
    sender.system.say("contact.erased", {"voter_id": voter})
    for text in (f"voter_id\n{voter}\n", f"email\n{email}\n"):
        match = ("--match", sender.list_of(text))
        [row] = until(lambda match=match: sender.closed("text", *match) or None, "the closing")  # type: ignore[misc]
        assert row["harmonia_reason"] == "erased"


def test_a_held_campaign_reaches_nobody_until_it_is_lifted_and_each_no_is_in_the_report_of_the_day(
    sender: Sender,
) -> None:
    campaign, address, given = fresh(), sender.known(), f"email\n{fresh()}@example.org\n{fresh()}@example.org\n\n"
    sender.do("hold", "--campaign", campaign, "--anyway")
    with tapped(sender.system.settings, AUDIT_LOG) as tap:
        allowed, [row, _] = sender.judged(given, "--campaign", campaign)
        assert (allowed, row["harmonia_decision"], row["harmonia_reason"]) == ([], "deny", "held")
        one_person = ("permit", "check", address, "--channel", "email", "--campaign", campaign)
        assert "deny: held" in sender.refused(*one_person)
        tap.until(lambda kept: len(kept) == 2, "the records of both answers")
    of_list, of_person = sorted(
        (json.loads(one.value or b"") for one in tap.records), key=lambda one: len(one["answers"])
    )
    assert of_list["counts"] == [{"decision": "deny", "reason": "held", "rows": 2}]
    assert (of_list["campaign_id"], of_list["answers"]) == (campaign, [])
    contact_id = sender.system.deployment.identify({"email": address})
    assert of_person["answers"] == [{"contact_id": contact_id, "decision": "deny", "reason": "held"}]
    assert (of_person["what"], of_person["channel"], of_person["campaign_id"]) == ("permission", "email", campaign)
    assert not any(b"example.org" in (one.value or b"") for one in tap.records)
    day = ("report", "daily", "--date", of_list["at"][:10], "--json")
    reported = sender.run(*day, where={"HARMONIA_TIME_ZONE": "UTC"})
    assert reported.returncode == 0, reported.stderr  # which says that there is no lake
    [held] = [one for one in json.loads(reported.stdout)["day"]["held"] if one["reason"] == "held"]
    assert held["rows"] >= 2

    sender.system.deployment.redis.hdel(HOLDS, campaign)
    assert "not yet: Redis does not show it" in sender.do("hold", "--list")
    sender.do("hold", "--campaign", campaign)
    assert len(sender.judged(given, "--campaign", fresh())[0]) == 2
    sender.do("hold", "--campaign", campaign, "--lift")
    assert len(sender.judged(given, "--campaign", campaign)[0]) == 2


def test_a_hold_is_confirmed_listed_and_lifted(sender: Sender) -> None:
    campaign = "gotv-by-name"  # no number, which may be one to call and so would not be suggested
    redis = sender.system.deployment.redis
    said = sender.told("hold", "--campaign", campaign, "--anyway", "--until", FOREVER)
    assert said == {"campaign_id": campaign, "on_hold": True, "until": FOREVER}
    assert redis.hget(HOLDS, campaign) is not None

    def listed(*words: str) -> list[dict[str, JSON]]:
        return [row for row in sender.told(*words) if row["campaign_id"] == campaign]

    assert listed("hold", "--list") == [{"campaign_id": campaign, "until": FOREVER, "in_force": True}]
    assert campaign in sender.do("hold", "--list")
    [told] = listed("campaigns", "list")
    assert (told["on_hold"], told["until"], told["messages"]) == (True, FOREVER, 0)
    typo = f"{campaign[:-1]}_"
    for way in ((), ("--lift",)):
        reason = sender.refused("hold", "--campaign", typo, *way)
        assert reason.startswith(f"no campaign {typo} has been heard of. Did you mean {campaign}? Nothing was changed")
    assert redis.hget(HOLDS, typo) is None
    assert (
        sender.do("hold", "--campaign", campaign, "--lift") == f"{campaign} is not on hold any more; Redis shows it\n"
    )
    assert redis.hget(HOLDS, campaign) is None
    assert listed("hold", "--list") == []


def test_a_campaign_that_any_channel_has_named_may_be_held(sender: Sender) -> None:
    """Of texts nobody counts campaigns, so what was said last is looked at."""
    campaign = fresh()
    sender.system.say("text.sent", {"contact_id": fresh()}, campaign_id=campaign)
    until(lambda: sender.run("hold", "--campaign", campaign).returncode == 0, "the campaign")
    sender.do("hold", "--campaign", campaign, "--lift")
    again = sender.do("hold", "--campaign", campaign, "--lift")
    assert again == f"{campaign} was not on hold, so nothing was lifted; see `harmonia hold --list`\n"


def test_a_redis_to_which_nobody_writes_confirms_no_hold_and_allows_nobody(sender: Sender) -> None:
    """Another database, as if it had been flushed."""
    where = {"REDIS_URL": sender.system.stack.redis_url.rpartition("/")[0] + "/7"}
    unseen = sender.refused("hold", "--campaign", fresh(), "--anyway", "--wait", "0.3", where=where)
    assert unseen.startswith("sent to campaign-holds and accepted, so it will still be carried out; but Redis")
    judged = sender.run(*ASK, afternoon(), given=f"email\n{fresh()}@example.org\n".encode(), where=where)
    assert (judged.returncode, b"profiles_incomplete" in judged.stderr, judged.stdout) == (1, True, b"")
    nowhere = sender.refused(
        *ASK, afternoon(), "--denied", str(sender.folder / "none" / "denied.csv"), given=b"email\n"
    )
    assert nowhere.startswith("--denied: ")  # before anybody is judged


def test_one_person_is_asked_about_reserved_listed_and_given_back(sender: Sender) -> None:
    address = sender.known()

    def check(team: str) -> tuple[int, str]:
        ended = sender.run("permit", "check", address, "--channel", "letter", "--team", team, "--json")
        [decision] = json.loads(ended.stdout)["decisions"]
        return ended.returncode, f"{decision['decision']} {decision['reason']}"

    assert check("field") == (0, "allow ok")
    assert len(sender.judged(f"email\n{address}\n", "--team", "digital", "--reserve", A_DAY_S)[0]) == 1
    assert check("field") == (1, "defer reserved")
    [held] = sender.lines("reservations", "list", address)
    assert (held["team"], held["channel"]) == ("digital", "email")
    released = sender.do("reservations", "release", address)
    assert released.startswith("released: email, reserved by digital")
    assert check("field") == (0, "allow ok")
    assert sender.refused("reservations", "release", address) == "this person is not reserved\n"


def test_one_person_is_asked_about_at_another_time(sender: Sender) -> None:
    asked = ("permit", "check", sender.known(), *ASK[1:])
    ended = [sender.run(*asked, at) for at in (afternoon(), f"{afternoon()[:10]}T08:00:00Z")]
    told = [(each.returncode, json.loads(each.stdout)["decisions"][0]["reason"]) for each in ended]
    assert told == [(0, "ok"), (1, "hours")]


def test_for_a_list_that_one_team_has_reserved_another_waits_until_it_is_given_back(sender: Sender) -> None:
    given = "\n".join(["email", sender.known(), sender.known(), ""])
    ended = sender.permit(given, "--team", "digital", "--reserve", A_DAY_S)
    list_id = json.loads(ended.stderr)["reserved_as"]
    every = sender.lines("reservations", "list", "--team", "digital")
    assert [each["list"] for each in every].count(list_id) == 2
    allowed, [row, _] = sender.judged(given, "--team", "field")
    assert (allowed, row["harmonia_decision"], row["harmonia_reason"]) == ([], "defer", "reserved")
    assert row["harmonia_earliest_at"]
    assert len(sender.judged(given, "--team", "digital")[0]) == 2
    released = sender.do("reservations", "release", "--list", list_id)
    assert released == f"released: 2 people of the list {list_id}\n"
    assert len(sender.judged(given, "--team", "field")[0]) == 2
    assert "nobody is reserved with the list" in sender.refused("reservations", "release", "--list", list_id)


def test_who_is_closed_is_exported_by_contact_id_and_goes_when_open_again(sender: Sender) -> None:
    ada = fresh()
    command = sender.system.say("contact.suppressed", {"contact_id": ada})

    def closed(*words: str) -> Rows:
        return [row for row in sender.closed("text", *words) if row["contact_id"] == ada]

    since = "2012-02-22T09:00:00.000Z"
    [row] = until(lambda: closed() or None, "the closing")
    assert row == {"contact_id": ada, "channel": "text", "reason": "suppressed", "since": since, "until": ""}
    assert closed("--since", "2012-02-22T09:00:00.001Z") == []

    retracts: JSON = {"source": command["source"], "id": command["id"]}
    sender.system.say("interaction.retracted", {"contact_id": ada}, retracts=retracts)
    until(lambda: not closed(), "the end of it")


def test_a_list_of_the_sender_is_matched_by_any_name_and_its_own_ids_come_back(sender: Sender) -> None:
    ada, van, email = fresh(), fresh(), f"{fresh()}@example.org"
    sender.system.say("donation.made", {"external": {"van": van}, "email": email}, donation_id=f"d:{ada}")
    sender.system.say("contact.suppressed", {"email": email})
    mine = sender.list_of(
        f'\ufeffVANID,Name,E-Mail\r\n{van},"L, Ada",{email.upper()}\r\n{fresh()},Grace,{ada}@example.org\r\n'
    )

    upload = ("--format", "van", "--match", mine)
    found = until(lambda: sender.closed("email", *upload) or None, "the closing")
    assert [row["VANID"] for row in found] == [van]
    assert (found[0]["Channel"], found[0]["Reason"], found[0]["Date Contacted"]) == (
        *("email", "suppressed", "2012-02-22"),
    )

    by_van_alone = ("--match", sender.list_of(f"external.van\n{van}\n"))
    until(lambda: sender.closed("door", *by_van_alone) or None, "the link")
    assert sender.closed("email", "--format", "actionnetwork", "--match", mine) == [{"Email": email.upper()}]
    assert sender.closed("email", *by_van_alone, "--reopened") == []
    everyone = sender.run("suppressions", "export", "--channel", "email", "--format", "van")
    assert (everyone.returncode, b"keyed hash" in everyone.stderr) == (1, True)
    assert email.encode() not in everyone.stdout + everyone.stderr
    unnamed = ("suppressions", "export", "--channel", "email", "--match")
    no_van = sender.refused(*unnamed, sender.list_of("email\n"), "--format", "van", code=2)
    assert no_van.startswith("for van the audience needs a column VANID")
    nobody = sender.refused(*unnamed, sender.list_of("name\n"), code=2)
    assert nobody.startswith("--match: no column of the header names a person")


def test_a_row_that_cannot_be_read_is_named_and_the_others_are_there(sender: Sender) -> None:
    ada = fresh()
    sender.system.say("contact.suppressed", {"contact_id": ada})
    match = ("--match", sender.list_of(f'contact_id,note\nx,"open\n{ada},2\n'))
    found = until(lambda: sender.closed("phone", *match, code=1) or None, "the closing")
    assert [row["contact_id"] for row in found] == [ada]
    assert "line 2" in sender.run("suppressions", "export", "--channel", "phone", *match).stderr.decode()
