"""`harmonia contact`: two names become one person, part again, are suppressed and forgotten, by commands alone."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import randrange
from typing import Any

import pytest
from kafka import KafkaConsumer
from redis import Redis
from typer.testing import CliRunner, Result

from events.json_types import JSON
from events.topics import AUDIT_LOG, RIGHTS_REQUESTS
from streams.cli.main import app
from streams.local.stack import Stack
from streams.platform.clients import KafkaClients, tool_redis
from streams.platform.topic_reading import records_of
from streams.services.rights_desk.log import read_desk
from tests.integration.command import Ended, ended_well, harmonia, on, refused
from tests.integration.said import event, fresh, structured
from tests.integration.system import System, running_system, sample, state_of, until_in_redis
from tests.integration.waiting import until


@pytest.fixture(scope="module")
def system(own_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A deployment of its own: who is due is asked of everybody."""
    with running_system(own_stack, tmp_path_factory.mktemp("worker")) as running:
        yield running


class Desk:
    """Somebody at a terminal."""

    def __init__(self, system: System, folder: Path) -> None:
        self._system = system
        self._folder = folder

    def run(self, *words: str) -> Ended:
        return harmonia(self._folder, "contact", *words, environment=on(self._system.stack, COLUMNS="80"))

    def do(self, *words: str) -> bytes:
        return ended_well(self.run(*words)).stdout

    def profile(self, who: str) -> dict[str, Any]:
        ended = self.run("show", who, "--json")
        return json.loads(ended.stdout) if ended.returncode == 0 else {}

    def say(self, topic: str, type_: str, contact: dict[str, JSON], **data: JSON) -> None:
        self._system.deployment.producer.send(topic, structured(event(type_, contact, **data))[0]).get(30)


@pytest.fixture
def desk(system: System, tmp_path: Path) -> Desk:
    return Desk(system, tmp_path)


def test_two_names_are_linked_shown_exported_and_parted(desk: Desk, tmp_path: Path) -> None:
    ada, email = fresh(), f"{fresh()}@example.org"
    desk.say("donation-events", "donation.made", {"contact_id": ada}, donation_id=f"desk:{fresh()}")
    desk.say("email-events", "email.opened", {"email": email})
    until(lambda: bool(desk.profile(ada) and desk.profile(email)), "both")

    sent = json.loads(desk.do("link", ada, email, "--json"))
    assert (sent["type"], sent["source"]) == ("contact.linked", "operator/harmonia")
    assert desk.profile(email)["contact_id"] == ada  # it ends once that is so
    [hashed] = desk.profile(ada)["merged_from"]

    shown = desk.do("show", email, "--history").decode()
    assert max(map(len, shown.splitlines())) <= 80
    assert "{" not in shown
    assert f"email:{hashed[6:14]}…" in shown
    assert hashed not in shown.partition("identifier")[2]
    assert "donations.net.USD: null → $50.00" in shown
    steps = [json.loads(line) for line in desk.do("show", ada, "--history", "--json").splitlines()]
    assert sorted(step["type"] for step in steps) == ["contact.linked", "donation.made", "email.opened"]
    first, second = sorted((ada, f"email:{hashed[6:14]}…"))
    assert f"one person: {first} and {second}" in shown
    held = json.loads(desk.do("export", ada))
    assert held["identifiers"] == [ada, hashed]
    assert sorted(said["type"] for said in held["interactions"]) == ["contact.linked", "donation.made", "email.opened"]
    assert email not in json.dumps(held)

    assert b"they are two people; Redis shows it" in desk.do("unlink", email, ada)
    until(lambda: desk.profile(email).get("counts") == {"email.opened": 1}, "two again")
    assert desk.profile(ada)["counts"] == {"donation.made": 1}
    for person, other in ((ada, hashed), (email, ada)):
        desk.do("bundle", person, "--out", other.replace(":", "-"))
        files = [*(tmp_path / other.replace(":", "-")).iterdir()]
        assert (len(files), [file.name for file in files if other in file.read_text()]) == (2, [])


def test_a_person_is_suppressed_and_then_forgotten(desk: Desk) -> None:
    ada = fresh()
    desk.say("donation-events", "donation.made", {"contact_id": ada}, donation_id=f"desk:{fresh()}")
    until(lambda: bool(desk.profile(ada)), "her")

    desk.do("suppress", ada, "--until", "2032-11-07T00:00:00Z")
    assert suppressions(desk, ada)["email"]["until"] == "2032-11-07T00:00:00.000Z"
    desk.do("unsuppress", ada)
    shown = desk.do("show", ada, "--history").decode()
    until_then, lifted = "nobody may reach this person until 2032-11-07T00:00:00.000Z", "lifts the suppression"
    assert shown.index("donation.made") < shown.index(until_then) < shown.index(lifted)
    decided = [json.loads(line).get("decided") for line in desk.do("show", ada, "--history", "--json").splitlines()]
    assert decided == [None, until_then, lifted]

    asked = desk.run("erase", ada)
    assert (asked.returncode, b"Forget this person?" in asked.stderr) == (1, True)  # nobody said yes
    assert desk.profile(ada)
    assert b"this person is forgotten; Redis shows it" in desk.do("erase", ada, "--yes")
    assert refused(desk.run("show", ada)) == f"{ada} has been erased\n"
    assert refused(desk.run("export", ada)) == f"{ada} has been erased\n"


def suppressions(desk: Desk, who: str) -> dict[str, Any]:
    return json.loads(desk.do("export", who))["suppressions"] or {}


def test_a_person_is_forgotten_by_any_identifier_and_by_nothing_that_only_looks_like_one(desk: Desk) -> None:
    voter, van, phone = f"NY:{fresh()}", fresh(), f"212555{randrange(10_000):04}"
    desk.say("outreach-events", "form.submitted", {"voter_id": voter, "external": {"van": van}, "phone": phone})
    until(lambda: bool(desk.profile(f"external:van:{van}")), "her")

    for word in (van, f"voter:{voter}0", f"{voter}0", f"{fresh()}@example.org"):
        for yes in ((), ("--yes",)):
            said = refused(desk.run("erase", word, *yes))
            assert "othing was sent: mend the name, or --anyway" in said
            assert "Forget this person?" not in said  # nobody is asked about nobody
    typo = f"{fresh()}@exmaple.org"
    for words in (("suppress", van), ("suppress", typo), ("unlink", f"phone:{phone}", van), ("unsuppress", typo)):
        reason = refused(desk.run(*words))
        assert reason.startswith("nobody is known by th")
        assert "othing was sent: mend the name, or --anyway" in reason
        assert typo not in reason
    assert desk.profile(f"phone:{phone}")["contact_id"] == desk.profile(f"voter:{voter}")["contact_id"]

    desk.do("suppress", f"phone:{phone}")
    assert suppressions(desk, f"voter:{voter}")
    erased = desk.run("erase", voter, "--yes")
    assert (erased.returncode, erased.stderr) == (0, b"understood as voter:STATE:ID\n")
    for word in (f"voter:{voter}", f"phone:{phone}", f"external:van:{van}"):
        until(lambda word=word: desk.run("show", word).stderr.endswith(b" has been erased\n"), word)  # type: ignore[misc]
        reason = refused(desk.run("unsuppress", word))
        assert reason.startswith("nothing to lift")
        assert "Closed: everything (erased)" in reason


def test_who_decides_may_insist(desk: Desk) -> None:
    early = fresh()
    sent = json.loads(desk.do("suppress", early, "--anyway", "--json"))
    assert sent["data"]["contact"] == {"contact_id": early}
    assert desk.profile(early)["stops"]["all"]["id"] == sent["id"]
    assert b"this person is forgotten" in desk.do("erase", fresh(), "--anyway", "--yes")
    assert b"they are one person" in desk.do("link", fresh(), fresh(), "--anyway")


def test_a_suppression_is_lifted_by_a_command_that_says_what_it_lifts_and_what_stays_closed(desk: Desk) -> None:
    ada = fresh()
    desk.say("outreach-events", "text.opted_out", {"contact_id": ada})
    until(lambda: bool(desk.profile(ada)), "her")
    assert refused(desk.run("unsuppress", ada)).startswith("nothing to lift")

    desk.do("suppress", ada)
    past = refused(desk.run("suppress", ada, "--until", "2026-01-01T00:00:00Z"), code=2)
    assert past.startswith("--until: that time has passed")
    assert desk.profile(ada)["stops"]["all"]["reason"] == "suppressed"

    lifted = desk.do("unsuppress", ada).decode()
    assert "by operator/harmonia, for ever" in lifted
    assert "Stays closed: text (opted_out " in lifted
    assert "all" not in desk.profile(ada)["stops"]


def test_a_suppression_is_shortened_only_by_who_insists(desk: Desk) -> None:
    ada, sooner, later = fresh(), "2032-11-07T00:00:00Z", "2033-11-07T00:00:00Z"
    desk.say("outreach-events", "form.submitted", {"contact_id": ada})
    until(lambda: bool(desk.profile(ada)), "her")
    desk.do("suppress", ada)

    reason = refused(desk.run("suppress", ada, "--until", sooner))
    assert "by operator/harmonia holds, for ever" in reason
    assert "harmonia contact unsuppress" in reason
    assert "until" not in desk.profile(ada)["stops"]["all"]

    lasts = b"nobody may reach this person until 2032-11-07T00:00:00.000Z, in the place of the suppression of "
    insisted = desk.do("suppress", ada, "--until", sooner, "--anyway")
    assert lasts in insisted
    assert b" by operator/harmonia, for ever; Redis shows it" in insisted

    assert b"operator/harmonia, until 2032-11-07" in desk.do("suppress", ada, "--until", later)
    assert "holds, until 2033-11-07" in refused(desk.run("suppress", ada, "--until", sooner, "--no-wait"))


def test_what_no_worker_has_carried_out_is_not_to_be_relied_on(desk: Desk) -> None:
    """Nobody writes to this other database; with --no-wait nothing is promised."""
    where = on(desk._system.stack, REDIS_URL=desk._system.stack.redis_url.rpartition("/")[0] + "/7")
    redis_at(desk._system, where["REDIS_URL"]).hset("contact:old", mapping={"version": 1, "state": "{}"})

    def run(*words: str) -> Ended:
        return harmonia(desk._folder, "contact", *words, environment=where)

    for words in (("suppress", "old"), ("unlink", "old", "old2", "--anyway")):
        reason = refused(run(*words, "--wait", "0.3"))
        assert "accepted, so it will still be carried out" in reason
        assert "Redis did not show it within 0.3 s: do not rely on it" in reason
    assert "do not rely on it" in refused(run("erase", "old", "--yes", "--wait", "0.3"))
    assert ended_well(run("suppress", "old", "--no-wait")).stdout.startswith(b"sent contact.suppressed ")
    for unsure in (("suppress", "old", "--until", "2032-11-07T00:00:00Z"), ("unsuppress", "old")):
        assert "so nobody can tell which suppression holds" in refused(run(*unsure))

    shown = run("show", "old")
    assert shown.returncode == 0
    assert shown.stderr.startswith(b"this may be old or lack something: in Redis contact-state:")
    assert "in Redis contact-state:" in refused(run("show", fresh()))


def test_a_short_form_finds_and_stops_the_person_of_its_long_form(desk: Desk) -> None:
    number = fresh()
    desk.say("donation-events", "donation.made", {"external": {"van": number}}, donation_id=f"desk:{fresh()}")
    until(lambda: bool(desk.profile(f"van:{number}")), "the person")

    shown = desk.run("show", f"van:{number}", "--json")
    assert (shown.returncode, shown.stderr) == (0, b"understood as external:SYSTEM:ID\n")
    assert desk.profile(f"external:van:{number}") == json.loads(shown.stdout)
    stopped = desk.run("suppress", f"van:{number}")
    assert (stopped.returncode, stopped.stderr) == (0, b"understood as external:SYSTEM:ID\n")
    assert "all" in desk.profile(f"external:van:{number}")["stops"]


def test_where_a_number_comes_from_and_what_was_agreed_to_is_told(desk: Desk, tmp_path: Path) -> None:
    phone, file = f"+1212555{randrange(1000, 9999)}", fresh()
    ada: dict[str, JSON] = {"contact_id": fresh()}
    roll: JSON = {"kind": "voter_list", "file": file, "obtained_at": "2012-01-31T00:00:00Z"}
    desk.say("outreach-events", "provenance.reported", {**ada, "phone": phone}, provenance=roll)
    yes: dict[str, JSON] = {"channel": "text", "granted": True, "purpose": "fundraising", "wording": "form-7/v3"}
    desk.say("outreach-events", "consent.changed", ada, **yes, provenance={"kind": "self", "notice": "art13/v2"})
    until(lambda: len(desk.profile(str(ada["contact_id"])).get("provenance", ())) == 2, "both")

    [of_phone] = json.loads(desk.do("origin", f"phone:{phone}", "--json"))["of_address"]
    assert (of_phone["kind"], of_phone["file"], of_phone["count"]) == ("voter_list", file, 1)
    shown = desk.do("origin", f"phone:{phone}").decode()
    assert shown.index("an electoral roll: ") < shown.index("all else that is known") < shown.index("the person: ")
    [word] = desk.profile(str(ada["contact_id"]))["consent_ledger"]
    assert (word["purpose"], word["wording"], word["granted"]) == ("fundraising", "form-7/v3", True)
    assert phone not in shown
    written = desk.do("bundle", str(ada["contact_id"]), "--out", "access", "--language", "fr").decode()
    assert "index.html" in written
    folder = tmp_path / "access"
    assert "Une liste électorale" in (folder / "index.html").read_text()
    assert len(json.loads((folder / "data.json").read_text())["interactions"]) == 2
    assert folder.stat().st_mode & 0o077 == 0


def test_what_came_from_a_source_is_forgotten_and_people_stay(desk: Desk, system: System, tmp_path: Path) -> None:
    """A report before and after, a guard, and nothing else of the person is touched, linked identifiers included."""
    file, ada, bo = fresh(), fresh(), fresh()
    email: dict[str, JSON] = {"email": f"{fresh()}@example.org"}
    roll: JSON = {"kind": "voter_list", "file": file}
    desk.say("outreach-events", "form.submitted", {"contact_id": ada, **email}, provenance={"kind": "self"})
    desk.say("outreach-events", "provenance.reported", {**email, "postal_code": "10001"}, provenance=roll)
    desk.say("outreach-events", "provenance.reported", {"contact_id": bo}, provenance=roll)
    until(lambda: len(desk.profile(ada).get("provenance", ())) == 2 and bool(desk.profile(bo)), "both")

    def retention(*words: str) -> Ended:
        named = ("--kind", "voter_list", "--until", "2012-12-01T00:00:00Z", "--file", file)
        return harmonia(tmp_path, "retention", *words, *named, environment=on(system.stack, COLUMNS="80"))

    counted = json.loads(ended_well(retention("report", "--json")).stdout)
    assert (counted["people"], counted["interactions"], counted["files"]) == (2, 2, {file: 2})
    assert "more than --most 1" in refused(retention("run", "--most", "1", "--yes"))
    assert len(desk.profile(ada)["provenance"]) == 2
    lines = ended_well(retention("run", "--most", "2", "--yes", "--json")).stdout.splitlines()
    assert [(json.loads(line)["when"], json.loads(line)["people"]) for line in lines] == [("before", 2), ("after", 0)]
    until(lambda: not desk.profile(bo), "nobody left of whom only the roll knew")
    [left] = desk.profile(ada)["provenance"]
    assert (left["kind"], desk.profile(ada)["counts"]) == ("self", {"form.submitted": 1})
    assert desk.profile(ada)["zones"]["postal_code"] is None


def test_who_has_done_nothing_for_years_is_erased_and_who_has_stays(desk: Desk, system: System, tmp_path: Path) -> None:
    """Of long ago, so that nobody else of this system is due."""
    idle, alive, email = fresh(), fresh(), f"{fresh()}@example.org"
    named: list[dict[str, JSON]] = [{"contact_id": idle, "email": email}, {"contact_id": alive}]
    for contact in named:
        told = event("form.submitted", contact, form_id="f") | {"id": fresh(), "time": "1985-05-01T10:00:00Z"}
        system.deployment.producer.send("outreach-events", structured(told)[0]).get(30)
    desk.say("outreach-events", "rsvp.attended", {"contact_id": alive}, event_id="e")
    desk.say("email-events", "email.sent", {"email": email}, message_id=fresh())
    until(lambda: desk.profile(alive).get("last_active_at", "")[:4] == "2012", "who came")
    until(lambda: "email.sent" in desk.profile(idle).get("counts", {}), "who was only written to")
    until(lambda: desk.profile(email).get("contact_id") == idle, "whoever it is, by the address too")

    def retention(*words: str, days: str = "12000") -> Ended:
        where = on(system.stack, COLUMNS="80", HARMONIA_INACTIVITY_DAYS=days)
        return harmonia(tmp_path, "retention", *words, "--inactive", environment=where)

    waiting = json.loads(rights(system, "open", "access", email, "--json").stdout)["request"]
    [line] = ended_well(retention("run", "--most", "1", "--yes", "--json")).stdout.splitlines()
    assert [json.loads(line)[name] for name in ("people", "asked")] == [0, 1]  # who waits for an answer stays
    assert rights(system, "close", waiting, "--outcome", "granted").exit_code == 0

    counted = json.loads(ended_well(retention("report", "--json")).stdout)
    assert (counted["people"], counted["interactions"], counted["asked"]) == (1, 2, 0)
    assert "more than --most 0" in refused(retention("run", "--most", "0", "--yes"))
    lines = ended_well(retention("run", "--most", "1", "--yes", "--json")).stdout.splitlines()
    assert [(json.loads(line)["when"], json.loads(line)["people"]) for line in lines] == [("before", 1), ("after", 0)]
    until(lambda: not desk.profile(idle), "nobody left")
    until(lambda: waiting not in read_desk(system.settings).requests, "what they asked for is only counted")
    assert desk.profile(alive)["counts"] == {"form.submitted": 1, "rsvp.attended": 1}
    assert "HARMONIA_INACTIVITY_DAYS is 0" in refused(retention("report", days="0"), 2)


def test_a_person_objects_is_given_what_is_held_and_is_forgotten_with_their_requests(
    desk: Desk, system: System, tmp_path: Path
) -> None:
    """An objection acts at once; what is late is told; an erasure by another command leaves counts alone."""
    ada, bo, email = fresh(), fresh(), f"{fresh()}@example.org"
    named: list[dict[str, JSON]] = [{"contact_id": ada, "email": email}, {"contact_id": bo}]
    for who in named:
        desk.say("outreach-events", "form.submitted", who, form_id="f")
    until_in_redis(system, bo)
    until(lambda: desk.profile(email).get("contact_id") == ada, "her, by her address too")

    def done(*words: str) -> dict[str, Any]:
        ended = rights(system, *words, "--json")
        assert ended.exit_code == 0, ended.output
        shown: dict[str, Any] = json.loads(ended.stdout)
        return shown

    of_others = read_desk(system.settings).counts.keys()
    objection = done("open", "objection", email)
    assert (objection["contact_id"].partition(":")[0], objection["did"]) == ("email", ["suppressed"])  # as she asked
    stopped = json.loads(state_of(system, ada) or b"{}")
    assert stopped["stops"]["all"]["source"] == "operator/rights"  # it ends once that is so
    again = rights(system, "open", "objection", ada)
    assert again.exit_code == 1
    assert f"request {objection['request']} of this kind and person is open" in again.stderr
    assert "all contact with them was ordered to stop, and stays so" in again.stderr

    access = done("open", "access", ada)["request"]
    held = tmp_path / "held"
    assert rights(system, "answer", access, "--out", str(held), "--language", "de").exit_code == 2  # and is not audited
    answered = done("answer", access[:8], "--out", str(held), "--language", "fr")
    assert (answered["did"], answered["closed"]) == (["bundle"], None)
    assert "Ce que vous avez demandé" in (held / "index.html").read_text()
    assert len(json.loads((held / "data.json").read_text())["asked"]) == 3
    closed = done("close", access, "--outcome", "granted", "--reference", "letters/17")
    assert (closed["outcome"], closed["in_time"], closed["reference"]) == ("granted", True, "letters/17")

    late = done("open", "rectification", bo, "--received", "2025-01-31")
    assert (late["due"], late["overdue"]) == ("2025-02-28", True)
    assert rights(system, "extend", late["request"], "--reason", "number").exit_code == 1
    waiting = {"kind": "rectification", "state": "overdue"}
    until(lambda: sample(f"{system.base}/metrics", "harmonia_rights_requests", **waiting) == 1, "a late one told")

    desk.do("erase", ada, "--yes")

    def counted() -> list[tuple[str, str, bool]]:
        counts = read_desk(system.settings).counts
        return sorted((one.kind, one.outcome, one.in_time) for key, one in counts.items() if key not in of_others)

    until(lambda: len(counted()) == 2, "a worker has counted the requests of who is erased")
    assert counted() == [("access", "granted", True), ("objection", "erased", False)]  # of the second nobody told her
    assert [one["request"] for one in done("list", "--all")["requests"]] == [late["request"]]
    with closing(KafkaClients(system.settings).tool_consumer()) as consumer:
        until(lambda: ada.encode() not in steps_in(consumer), "no step that names her")
        audited = [json.loads(record.value) for record in records_of(consumer, AUDIT_LOG)]
    about = {ada, bo, objection["contact_id"]}
    of_them = [one for one in audited if about & {answer["contact_id"] for answer in one["answers"]}]
    assert sum(one["what"] == "rights" for one in of_them) == 5


def test_who_is_parted_after_they_asked_is_forgotten_and_not_whom_they_were_taken_for(
    desk: Desk, system: System
) -> None:
    ada, email = fresh(), f"{fresh()}@example.org"
    desk.say("donation-events", "donation.made", {"contact_id": ada}, donation_id=f"desk:{fresh()}")
    desk.say("email-events", "email.opened", {"email": email})
    until(lambda: bool(desk.profile(ada) and desk.profile(email)), "both")
    desk.do("link", ada, email)
    request = json.loads(rights(system, "open", "erasure", email, "--json").stdout)
    assert request["contact_id"].startswith("email:")
    desk.do("unlink", email, ada)
    until(lambda: desk.profile(email).get("counts") == {"email.opened": 1}, "two again")
    told = rights(system, "answer", request["request"], "--yes").output
    assert "this is about email:" in told
    assert ada not in told
    assert b"has been erased" in desk.run("show", email).stderr
    assert desk.profile(ada)["counts"] == {"donation.made": 1}


def test_an_objection_that_no_worker_has_heeded_is_written_down_and_answered_once_one_has(
    desk: Desk, system: System
) -> None:
    """Nobody writes to this other database."""
    ada, bo, elsewhere = fresh(), fresh(), system.stack.redis_url.rpartition("/")[0] + "/7"
    redis = redis_at(system, elsewhere)
    for name in (ada, bo):
        redis.hset(f"contact:{name}", mapping={"version": 1, "state": "{}"})
    unknown = rights(system, "open", "access", fresh(), REDIS_URL=elsewhere)
    assert unknown.exit_code == 1
    assert "they may be known: in Redis contact-state:" in unknown.stderr
    asked = []
    for name in (ada, bo):
        unseen = rights(system, "open", "objection", name, "--wait", "0.3", "--json", REDIS_URL=elsewhere)
        assert unseen.exit_code == 1
        assert "do not rely on it yet" in unseen.stderr
        asked.append(json.loads(unseen.stdout))
    of_ada, of_bo = asked
    assert [(one["did"], one["answered"]) for one in asked] == [([], None)] * 2
    until_in_redis(system, ada)
    seen = json.loads(rights(system, "answer", of_ada["request"], "--json").stdout)
    assert seen["did"] == ["suppressed"]
    until_in_redis(system, bo)
    for told in ("of the one before that all contact is stopped", "nothing was written down"):  # they write again
        again = rights(system, "open", "objection", bo)
        assert again.exit_code == 1
        assert f"{told}: request {of_bo['request']} of this kind and person is open" in again.stderr
        assert json.loads(rights(system, "show", of_bo["request"], "--json").stdout)["did"] == ["suppressed"]


@pytest.mark.parametrize("is_heeded", [False, True], ids=["not seen to be heeded", "heeded"])
def test_an_objection_that_comes_again_under_another_id_stops_the_one_of_before_too_and_all_ids_are_audited(
    desk: Desk, system: System, tmp_path: Path, is_heeded: bool
) -> None:
    """The stop of the first one was lifted since; of one of the two Redis had shown nothing either."""
    ada, email, elsewhere = fresh(), f"{fresh()}@example.org", system.stack.redis_url.rpartition("/")[0] + "/7"
    desk.say("donation-events", "donation.made", {"contact_id": ada}, donation_id=f"desk:{fresh()}")
    desk.say("email-events", "email.opened", {"email": email})
    until(lambda: bool(desk.profile(ada) and desk.profile(email)), "both")
    hashed = desk.profile(email)["contact_id"]
    redis_at(system, elsewhere).hset(f"contact:{hashed}", mapping={"version": 1, "state": "{}"})
    where = {} if is_heeded else {"REDIS_URL": elsewhere}
    asked = rights(system, "open", "objection", email, "--wait", "60" if is_heeded else "0.3", "--json", **where)
    first = json.loads(asked.stdout)
    assert (first["contact_id"], first["did"]) == (hashed, ["suppressed"] if is_heeded else [])
    until(lambda: "all" in desk.profile(email)["stops"], "the stop all the same")
    desk.do("unsuppress", email)
    desk.do("link", ada, email)

    again = rights(system, "open", "objection", ada)
    told = "nothing was written down" if is_heeded else "of the one before that all contact is stopped"
    assert f"{told}: request {first['request']}" in again.stderr
    assert json.loads(rights(system, "show", first["request"], "--json").stdout)["did"] == ["suppressed"]
    access = json.loads(rights(system, "open", "access", ada, "--json").stdout)["request"]
    assert rights(system, "answer", access, "--out", str(tmp_path / "held")).exit_code == 0
    with closing(KafkaClients(system.settings).tool_consumer()) as consumer:
        audited = [json.loads(record.value) for record in records_of(consumer, AUDIT_LOG)]
    [given] = [one for one in audited if one.get("detail") == f"answered access {access}"]
    assert [answer["contact_id"] for answer in given["answers"]] == [ada, hashed]

    desk.do("unlink", email, ada)
    until(lambda: desk.profile(email).get("counts") == {"email.opened": 1}, "two again")
    assert [desk.profile(who)["stops"]["all"]["source"] for who in (ada, email)] == ["operator/rights"] * 2


def redis_at(system: System, url: str) -> Redis:
    """Another Redis of the same deployment."""
    return tool_redis(system.settings.model_copy(update={"redis_url": url}))


def rights(system: System, *words: str, **where: str) -> Result:
    """A command of the rights desk in this process, since a new one takes seconds to begin."""
    return CliRunner().invoke(app, ["rights", *words], env=on(system.stack, COLUMNS="200", **where))


def steps_in(consumer: KafkaConsumer) -> bytes:
    """All that is left of requests once the topic is compacted."""
    latest = {record.key: record.value for record in records_of(consumer, RIGHTS_REQUESTS)}
    return b"\n".join(value for value in latest.values() if value is not None)
