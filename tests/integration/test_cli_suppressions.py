"""`harmonia suppressions export` and `harmonia hold`, on a worker: what is closed is told, and told as it is now."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from events.json_types import JSON
from streams.local.stack import Stack
from tests.integration.command import Ended, ended_well, harmonia, on, refused
from tests.integration.said import event, fresh, structured
from tests.integration.system import System, running_system
from tests.integration.waiting import until

Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def system(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(stack, tmp_path_factory.mktemp("worker")) as running:
        yield running


class Desk:
    """Somebody at a terminal."""

    def __init__(self, system: System, folder: Path) -> None:
        self.folder = folder
        self._system = system

    def run(self, *words: str) -> Ended:
        return harmonia(self.folder, *words, environment=on(self._system.stack))

    def say(self, topic: str, type_: str, contact: dict[str, JSON], **data: JSON) -> None:
        self._system.deployment.producer.send(topic, structured(event(type_, contact, **data))[0]).get(30)

    def suppress(self, contact: dict[str, JSON], **data: JSON) -> None:
        self.say("contact-commands", "contact.suppressed", contact, **data)

    def export(self, *words: str, code: int = 0) -> Rows:
        ended = self.run("suppressions", "export", *words)
        assert ended.returncode == code, ended.stderr
        return list(csv.DictReader(io.StringIO(ended.stdout.decode())))

    def audience(self, text: str) -> str:
        file = self.folder / f"{fresh()}.csv"
        file.write_bytes(text.encode())
        return str(file)


@pytest.fixture
def desk(system: System, tmp_path: Path) -> Desk:
    """Once Redis has told that nothing is missing."""
    desk = Desk(system, tmp_path)
    until(lambda: desk.run("suppressions", "export", "--channel", "door").returncode == 0, "a Redis that is whole")
    return desk


def test_who_is_closed_is_exported_by_contact_id_and_goes_when_open_again(desk: Desk) -> None:
    ada, command = fresh(), event("contact.suppressed", {})
    command["data"] = {"contact": {"contact_id": ada}}
    desk._system.deployment.producer.send("contact-commands", structured(command)[0]).get(30)

    def closed() -> Rows:
        return [row for row in desk.export("--channel", "text") if row["contact_id"] == ada]

    [row] = until(lambda: closed() or None, "the closing")
    assert row == {
        "contact_id": ada,
        "channel": "text",
        "reason": "suppressed",
        "since": "2012-02-22T09:00:00.000Z",
        "until": "",
    }
    assert not [
        row
        for row in desk.export("--channel", "text", "--since", "2012-02-22T09:00:00.001Z")
        if row["contact_id"] == ada
    ]

    retracts: JSON = {"source": command["source"], "id": command["id"]}
    desk.say("outreach-events", "interaction.retracted", {"contact_id": ada}, retracts=retracts)
    until(lambda: not closed(), "the end of it")


def test_whoever_was_erased_is_in_the_file_by_whichever_name_the_list_has(desk: Desk) -> None:
    voter, email = f"NY:{fresh()}", f"{fresh()}@example.org"
    desk.say("donation-events", "donation.made", {"voter_id": voter, "email": email}, donation_id=f"d:{fresh()}")
    command = event("contact.erased", {"voter_id": voter})
    desk._system.deployment.producer.send("contact-commands", structured(command)[0]).get(30)

    for text in (f"voter_id\n{voter}\n", f"email\n{email}\n"):
        mine = desk.audience(text)
        [row] = until(lambda mine=mine: desk.export("--channel", "text", "--match", mine) or None, "the closing")  # type: ignore[misc]
        assert row["harmonia_reason"] == "erased"


def test_a_list_of_the_sender_is_matched_by_any_name_and_its_own_ids_come_back(desk: Desk) -> None:
    ada, van, email = fresh(), fresh(), f"{fresh()}@example.org"
    desk.say("donation-events", "donation.made", {"external": {"van": van}, "email": email}, donation_id=f"d:{ada}")
    desk.suppress({"email": email})
    mine = desk.audience(
        f'\ufeffVANID,Name,E-Mail\r\n{van},"L, Ada",{email.upper()}\r\n{fresh()},Grace,{ada}@example.org\r\n'
    )

    def upload() -> Rows | None:
        return desk.export("--channel", "email", "--format", "van", "--match", mine) or None

    rows = until(upload, "the closing")
    assert [row["VANID"] for row in rows] == [van]
    assert (rows[0]["Channel"], rows[0]["Reason"], rows[0]["Date Contacted"]) == ("email", "suppressed", "2012-02-22")

    by_van_alone = desk.audience(f"external.van\n{van}\n")
    until(lambda: desk.export("--channel", "door", "--match", by_van_alone) or None, "the link")
    [again] = desk.export("--channel", "email", "--format", "actionnetwork", "--match", mine)
    assert again == {"Email": email.upper()}
    everyone = desk.run("suppressions", "export", "--channel", "email", "--format", "van")
    assert everyone.returncode == 1
    assert b"keyed hash" in everyone.stderr
    assert email.encode() not in everyone.stdout + everyone.stderr

    open_again = desk.export("--channel", "email", "--match", by_van_alone, "--reopened")
    assert open_again == []


def test_a_row_that_cannot_be_read_is_named_and_the_others_are_there(desk: Desk) -> None:
    ada = fresh()
    desk.suppress({"contact_id": ada})
    given = desk.audience(f'contact_id,note\nx,"open\n{ada},2\n')
    words = ("--channel", "phone", "--match", given)
    rows = until(lambda: desk.export(*words, code=1) or None, "the closing")
    assert [row["contact_id"] for row in rows] == [ada]
    assert "line 2" in desk.run("suppressions", "export", *words).stderr.decode()


@pytest.mark.parametrize(
    ("words", "header", "said"),
    [
        (("--format", "van"), "email\n", "for van the audience needs a column VANID"),
        ((), "name\n", "--match: no column of the header names a person"),
        (("--since", "yesterday"), "email\n", "--since: give RFC 3339"),
        (("--reopened", "--since", "2012-01-01T00:00:00Z"), "email\n", "--reopened: give an earlier export"),
    ],
)
def test_what_cannot_be_meant_is_wrong_use(desk: Desk, words: tuple[str, ...], header: str, said: str) -> None:
    ended = desk.run("suppressions", "export", "--channel", "email", "--match", desk.audience(header), *words)
    assert refused(ended, code=2).startswith(said)


def test_a_hold_is_confirmed_listed_and_lifted(desk: Desk) -> None:
    campaign = "gotv-by-name"  # no number, which may be one to call and so would not be suggested
    said = json.loads(
        ended_well(
            desk.run("hold", "--campaign", campaign, "--anyway", "--until", "2099-01-01T00:00:00Z", "--json")
        ).stdout
    )
    assert said == {"campaign_id": campaign, "on_hold": True, "until": "2099-01-01T00:00:00.000Z"}
    held = desk._system.deployment.redis.hget("holds", campaign)
    assert held is not None

    def listed() -> Rows:
        rows = json.loads(ended_well(desk.run("hold", "--list", "--json")).stdout)
        return [row for row in rows if row["campaign_id"] == campaign]

    assert listed() == [{"campaign_id": campaign, "until": "2099-01-01T00:00:00.000Z", "in_force": True}]
    assert campaign in ended_well(desk.run("hold", "--list")).stdout.decode()
    rows = json.loads(ended_well(desk.run("campaigns", "list", "--json")).stdout)
    [told] = [row for row in rows if row["campaign_id"] == campaign]
    assert (told["on_hold"], told["until"], told["messages"]) == (True, "2099-01-01T00:00:00.000Z", 0)
    typo = f"{campaign[:-1]}_"
    for way in ((), ("--lift",)):
        reason = refused(desk.run("hold", "--campaign", typo, *way))
        assert reason.startswith(f"no campaign {typo} has been heard of. Did you mean {campaign}? Nothing was changed")
    assert desk._system.deployment.redis.hget("holds", typo) is None
    lifted = ended_well(desk.run("hold", "--campaign", campaign, "--lift")).stdout.decode()
    assert lifted == f"{campaign} is not on hold any more; Redis shows it\n"
    assert desk._system.deployment.redis.hget("holds", campaign) is None
    assert listed() == []


def test_a_campaign_that_any_channel_has_named_may_be_held(desk: Desk) -> None:
    """Of texts nobody counts campaigns, so what was said last is looked at."""
    campaign = fresh()
    desk.say("outreach-events", "text.sent", {"contact_id": fresh()}, campaign_id=campaign)
    until(lambda: desk.run("hold", "--campaign", campaign).returncode == 0, "the campaign")
    ended_well(desk.run("hold", "--campaign", campaign, "--lift"))
    again = ended_well(desk.run("hold", "--campaign", campaign, "--lift")).stdout.decode()
    assert again == f"{campaign} was not on hold, so nothing was lifted; see `harmonia hold --list`\n"


def test_a_hold_that_redis_does_not_show_is_not_confirmed(desk: Desk) -> None:
    """Nobody writes to this other database."""
    campaign = fresh()
    where = on(desk._system.stack, REDIS_URL=desk._system.stack.redis_url.rpartition("/")[0] + "/7")
    ended = harmonia(desk.folder, "hold", "--campaign", campaign, "--anyway", "--wait", "0.3", environment=where)
    assert refused(ended).startswith("sent to campaign-holds and accepted, so it will still be carried out; but Redis")
