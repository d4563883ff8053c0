"""Commands over one person and their rights."""

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from events.harmonised import harmonise
from events.identifiers import Hasher
from events.json_types import JSON
from events.times import render_time
from sinks.lookup import Incomplete, KnownContact
from streams.cli import decisions
from streams.cli.contact import decision_words
from streams.cli.decisions import DecisionSender
from streams.cli.main import app
from streams.cli.person import CURE, Person, audited_of, nobody_known_message
from streams.cli.rights_output import plain_count, print_desk
from streams.domain.contact.state import Fact
from streams.domain.rights.plain import plain_request
from streams.domain.rights.requests import RightsDesk, RightsRequest
from streams.domain.rights.steps import RequestCount
from streams.platform.settings import Settings
from streams.services.permission.person_name import PersonName, parse_person
from tests.unit.domain.contact.said import DAY, DONOR, HOUR, NOON, Arrival, appended, said

HASHER = Hasher([b"new", b"old"])
HASH = HASHER.lookups("voter", "NY:77")[0]


@pytest.mark.parametrize(
    ("word", "meant", "contact"),
    [
        ("crm.ada", PersonName(None, "crm.ada"), {"contact_id": "crm.ada"}),
        (HASH, PersonName(None, HASH), {"contact_id": HASH}),
        ("ada@example.org", PersonName("email", "ada@example.org"), {"email": "ada@example.org"}),
        ("email:ada@example.org", PersonName("email", "ada@example.org"), {"email": "ada@example.org"}),
        ("phone:(212) 555-0199", PersonName("phone", "(212) 555-0199"), {"phone": "(212) 555-0199"}),
        ("voter:NY:77", PersonName("voter", "NY:77"), {"voter_id": "NY:77"}),
        ("external:van:17", PersonName("external", "van:17"), {"external": {"van": "17"}}),
        ("NY:77", PersonName(None, "NY:77"), {"contact_id": "NY:77"}),
    ],
)
def test_a_word_means_one_identifier(word: str, meant: PersonName, contact: dict[str, JSON]) -> None:
    assert parse_person(word) == meant
    assert meant.contact() == contact


def test_an_identifier_may_be_known_under_each_key() -> None:
    assert parse_person("voter:ny: 77 ").ids(HASHER) == HASHER.lookups("voter", "NY:77")
    assert parse_person("phone:212-555-0199").ids(HASHER) == HASHER.lookups("phone", "+12125550199")
    assert parse_person("crm.ada").ids(HASHER) == ["crm.ada"]


@pytest.mark.parametrize("word", ["", "no id", "(212) 555-0199", "phone:12", "no@address"])
def test_a_word_that_cannot_be_read_names_nobody(word: str) -> None:
    assert parse_person(word).ids(HASHER) == []


@pytest.mark.parametrize(
    ("word", "called"),
    [
        ("ada@exmaple.org", "e-mail address"),
        ("phone:212-555-0199", "phone number"),
        ("voter:NY:77", "voter id"),
        ("external:van:1234567", "external id"),
    ],
)
def test_whoever_gave_an_address_is_not_asked_for_one(word: str, called: str) -> None:
    said = nobody_known_message(word)
    assert said.startswith(f"nobody is known by this {called}: is it spelled as it was reported")
    assert CURE not in said
    assert word.rsplit(":", maxsplit=1)[-1] not in said


def test_a_word_by_which_nobody_is_known_is_answered_with_what_else_may_be_given() -> None:
    assert nobody_known_message("crm.ada") == f"nobody is known by this contact_id: {CURE}"
    assert nobody_known_message("no id") == f"nobody is known by this word: {CURE}"


@pytest.mark.parametrize(
    "word", [HASH[:-1], "email:84daea9e", "email:84daea9e…", "phone:84daea9e", "voter:0123", "external:84daea9e"]
)
def test_a_contact_id_that_was_cut_is_not_taken_for_an_address(word: str) -> None:
    told = "nobody is known by this word: it begins as a contact_id does, and is not whole; give all 32 digits of it"
    assert nobody_known_message(word) == told


@pytest.mark.parametrize("word", [HASH, "email:fed@cafe.org", "phone:2125550199", "voter:NY:77", "external:van:17"])
def test_a_whole_contact_id_is_not_said_to_be_cut(word: str) -> None:
    assert "not whole" not in nobody_known_message(word)


@pytest.mark.parametrize(
    ("word", "called"),
    [
        ("van:1234567", "contact_id or external id"),
        ("OH:1234567", "contact_id, voter id or external id"),
        ("2125550142", "contact_id or phone number"),
    ],
)
def test_whoever_gave_a_short_form_is_told_what_it_was_taken_for(word: str, called: str) -> None:
    said = nobody_known_message(word)
    assert said.startswith(f"nobody is known by this word, as {called}: is it spelled as it was reported")
    assert word.rpartition(":")[2] not in said


@pytest.mark.parametrize("word", ["(212) 555-0142", "+12125550142", "+1 212.555.0142"])
def test_a_phone_number_as_people_write_it_needs_no_word_before_it(word: str) -> None:
    assert nobody_known_message(word).startswith("nobody is known by this phone number: is it spelled")
    assert "phone number" not in nobody_known_message("crm.2125550142")


SINCE = NOON - 30 * DAY
LETTER = appended(NOON, said("email.sent", "letter", NOON - 7 * DAY, message_id="m"))
ERASURE = appended(
    NOON + HOUR, said("contact.erased_if_inactive", "erasure", NOON + HOUR, inactive_since=render_time(SINCE))
)


def held_of(*arrivals: Arrival) -> Person:
    """What the topics hold of a person, of whom these were heard."""
    values = [(harmonise(each.interaction, HASHER)[1], each.appended_at) for each in arrivals]
    return Person(DONOR, [DONOR], values, None, [])


def ids(facts: Sequence[Fact]) -> list[str]:
    return [fact.id for fact in facts]


def test_of_whom_was_erased_for_doing_nothing_what_was_heard_before_is_in_no_history() -> None:
    """The letter of last week went with all the rest; the gift of before it was heard later, and began a new record."""
    gift = appended(NOON + 2 * HOUR, said("form.submitted", "form", NOON - 8 * DAY, form_id="f"))
    person = held_of(LETTER, ERASURE, gift)
    assert ids(person.facts(NOON - 8 * DAY)) == ["form"]
    assert ids(person.decisions(NOON - 8 * DAY)) == ["erasure"]
    [decided] = person.decisions(NOON - 8 * DAY)
    assert decision_words(decided) == ["this person was to be forgotten, unless they had done something of their own"]


def test_an_erasure_for_doing_nothing_that_was_in_vain_hides_nothing() -> None:
    person = held_of(LETTER, ERASURE)
    assert ids(person.facts(SINCE)) == ["letter"]
    assert ids(person.decisions(SINCE)) == ["erasure"]


def test_an_erasure_of_who_was_not_due_hides_nothing_although_all_that_is_known_is_later_than_its_time() -> None:
    """Sent for everybody with one date: the first that is known had been heard before it, so it was in vain."""
    gift = appended(NOON, said("form.submitted", "form", NOON - 7 * DAY, form_id="f"))
    person = held_of(gift, ERASURE)
    assert ids(person.facts(NOON - 7 * DAY)) == ["form"]


def test_of_who_asked_about_somebody_nothing_is_told_of_others_or_of_staff() -> None:
    ada: dict[str, JSON] = {"contact_id": "email:1", "decision": "allow", "reason": None}
    bo: dict[str, JSON] = {"contact_id": "crm.bo", "decision": "deny", "reason": "held"}
    told: dict[str, JSON] = {"team": "digital", "viewer": "eve@example.org", "reason": "a task", "answers": [ada, bo]}
    assert audited_of(told, {"crm.ada", "email:1"}) == {"team": "digital", "answers": [ada]}
    assert audited_of(told, {"crm.ann"}) is None


@pytest.mark.parametrize(
    ("team", "what", "given"),
    [
        ("operator/eve", "rights", "operator"),
        ("dpo/eve.moss", "rights", "operator"),
        ("console/eve", "rights", "console"),
        ("console/eve", "close_request", "console"),
        ("digital/north", "permission", "digital/north"),
        ("", "read", ""),
    ],
)
def test_who_of_the_staff_has_decided_is_not_told_to_the_person(team: JSON, what: JSON, given: JSON) -> None:
    told: dict[str, JSON] = {"team": team, "what": what, "answers": [{"contact_id": "crm.ada"}]}
    assert audited_of(told, {"crm.ada"}) == {"team": given, "what": what, "answers": [{"contact_id": "crm.ada"}]}


def contact(id_: str, merged_from: tuple[str, ...] = ()) -> KnownContact:
    return KnownContact(id_, orjson.dumps({"counts": {"email.opened": 1}, "merged_from": merged_from}))


def test_two_people_are_one_only_once_all_that_redis_had_of_each_is_in_one_profile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waited: list[Any] = []

    def send_and_wait(*said: Any, is_complete: bool = True) -> bool:
        _, decision, before, *_ = said
        waited.append((decision, before, is_complete))
        return True

    monkeypatch.setattr(decisions, "look_at_contacts", lambda *_: Incomplete("too_old", "contact-state:0"))
    monkeypatch.setattr(decisions, "look_up_person", lambda _, word: contact(word.removeprefix("contact:")))
    monkeypatch.setattr(DecisionSender, "_meant", lambda _, word: word)
    monkeypatch.setattr(decisions, "require_topic", lambda *_: None)
    monkeypatch.setattr(decisions, "send_and_wait", send_and_wait)
    DecisionSender(Settings(), "operator/harmonia", anyway=False, wait_s=1.0, as_json=False).link("ada", "bob")

    [(decision, before, is_complete)] = waited
    assert not is_complete
    assert not decision.shows(before, [contact("ada")] * 2)
    assert decision.shows(before, [contact("ada", ("bob",))] * 2)


TODAY = date(2026, 3, 2)
LATE = RightsRequest("aa" * 10, "access", "crm.ada", date(2026, 1, 31), date(2026, 2, 28), ())
EXTENDED = RightsRequest("bb" * 10, "erasure", None, date(2026, 1, 31), date(2026, 4, 30), (), extended="complexity")
CLOSED = RightsRequest(
    *("cc" * 10, "objection", "crm.bo", date(2026, 2, 2), date(2026, 3, 2), ()),
    answered=date(2026, 2, 2),
    did=("suppressed",),
    closed=date(2026, 3, 1),
    outcome="granted",
    reference="letters/17",
)


def test_the_list_says_what_is_left_and_what_is_overdue(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    print_desk([LATE, EXTENDED, CLOSED], TODAY)
    late, extended, closed, said = capsys.readouterr().out.splitlines()[1:]
    assert late.split()[:4] == ["aaaaaaaa", "access", "crm.ada", "2026-02-28"]
    assert "overdue by 2 days  open" in late
    assert extended.split()[-3:] == ["59", "days", "extended"]
    assert closed.split()[-4:] == ["in", "time", "closed:", "granted"]
    assert said.startswith("1 overdue")


def test_programs_are_told_the_same() -> None:
    row = plain_request(LATE, TODAY)
    assert (row["days_left"], row["overdue"], row["in_time"], row["closed"]) == (-2, True, False, None)
    row = plain_request(CLOSED, TODAY)
    assert (row["days_left"], row["overdue"], row["in_time"], row["did"]) == (None, False, True, ["suppressed"])
    one = RequestCount(kind="erasure", year=2026, outcome="erased", in_time=True)
    assert plain_count(RightsDesk({}, {"counted/1": one, "counted/2": one})) == [
        {"kind": "erasure", "year": 2026, "outcome": "erased", "in_time": True, "requests": 2}
    ]


def run(*words: str, **more: str) -> Result:
    env = {"HARMONIA_REGIME": "fr", "HARMONIA_CONTROLLER": "Liste Martin"} | more
    return CliRunner().invoke(app, ["register", "export", *words], env=env)


def test_it_is_written_without_a_server_in_both_languages_and_for_programs() -> None:
    english, french, data = run("--offline"), run("--offline", "--language", "fr"), run("--offline", "--json")
    assert (english.exit_code, french.exit_code, data.exit_code) == (0, 0, 0)
    assert english.stdout.startswith("# Register of processing\n")
    assert french.stdout.startswith("# Registre des activités de traitement\n")
    assert "\u00a0: Liste Martin" in french.stdout
    said = json.loads(data.stdout)
    assert (said["controller"], said["deployment"]["HARMONIA_REGIME"], said["segments"]) == ("Liste Martin", "fr", None)


def test_endpoints_are_shown_without_the_secrets_that_only_deliver_may_hold(tmp_path: Path) -> None:
    file = tmp_path / "endpoints.toml"
    file.write_text(
        """
        [[endpoint]]
        id = "crm"
        kind = "webhook"
        url = "https://crm.example.org/hooks"
        secrets = ["env:CRM_SECRET_THAT_IS_NOT_SET"]
        topics = ["segment-changes"]

        [[endpoint]]
        id = "war-room"
        kind = "slack"
        url = "file:no-such-file"
        topics = ["system-alerts"]
        """
    )
    shown = run("--offline", "--json", HARMONIA_DELIVER=str(file))
    assert (shown.exit_code, shown.stderr) == (0, "")
    hosts = {one["name"]: one["host"] for one in json.loads(shown.stdout)["recipients"]}
    assert hosts == {"crm": "crm.example.org", "war-room": None}
    file.write_text("[[endpoint]]\nid = 'crm'\n")
    broken = run("--offline", HARMONIA_DELIVER=str(file))
    assert broken.exit_code != 0
    assert broken.stderr.startswith(f"HARMONIA_DELIVER: {file}: ")
    gone = run("--offline", HARMONIA_DELIVER=str(tmp_path / "none.toml"))
    assert gone.stderr == f"HARMONIA_DELIVER: {tmp_path}/none.toml: No such file or directory\n"


def test_what_is_set_to_nothing_is_a_blank_as_what_is_not_set() -> None:
    said = json.loads(run("--offline", "--json", HARMONIA_CONTROLLER="", HARMONIA_DPO="  ").stdout)
    assert (said["controller"], said["dpo"]) == (None, None)
