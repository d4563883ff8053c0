"""`harmonia contact`: two names become one person, part again, are suppressed and forgotten, by commands alone."""

import json
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from random import randrange
from typing import Any

import pytest
from kafka import KafkaConsumer

from events.json_types import JSON
from events.topics import AUDIT_LOG, RIGHTS_REQUESTS
from streams.platform.clients import KafkaClients, tool_redis
from streams.platform.topic_reading import records_of
from streams.services.rights_desk.log import read_desk
from tests.integration.command import Ended
from tests.integration.said import fresh
from tests.integration.system import System, sample, state_of, until_in_redis
from tests.integration.terminal import NO_MORE, Terminal
from tests.integration.waiting import until


class Desk(Terminal):
    """Somebody at a terminal who looks after people."""

    def profile(self, who: str) -> dict[str, Any]:
        ended = self.run("contact", "show", who, "--json")
        return json.loads(ended.stdout) if ended.returncode == 0 else {}

    def until_known(self, *names: str) -> None:
        until(lambda: all(self.profile(name) for name in names), "them")

    def rights(self, *words: str, where: Mapping[str, str] = NO_MORE) -> Ended:
        """A command of the rights desk on a wide terminal."""
        return self.run("rights", *words, where={"COLUMNS": "200", **where})

    def asked(self, *words: str) -> dict[str, Any]:
        """What such a command tells programs, which must end well."""
        ended = self.rights(*words, "--json")
        assert ended.returncode == 0, ended.stderr
        return dict(json.loads(ended.stdout))


@pytest.fixture
def desk(system: System, tmp_path: Path) -> Desk:
    """At a deployment of its own: who is due is asked of everybody."""
    return Desk(system, tmp_path, COLUMNS="80")


def reason(ended: Ended) -> str:
    """Why it was refused, though it has written something down."""
    assert ended.returncode == 1
    return ended.stderr.decode()


def test_two_names_are_linked_shown_exported_and_parted(desk: Desk, tmp_path: Path) -> None:
    ada, email = fresh(), f"{fresh()}@example.org"
    desk.system.say("donation.made", {"contact_id": ada}, donation_id=f"desk:{fresh()}")
    desk.system.say("email.opened", {"email": email})
    desk.until_known(ada, email)

    sent = desk.told("contact", "link", ada, email)
    assert (sent["type"], sent["source"]) == ("contact.linked", "operator/harmonia")
    assert desk.profile(email)["contact_id"] == ada  # it ends once that is so
    [hashed] = desk.profile(ada)["merged_from"]

    shown = desk.do("contact", "show", email, "--history")
    assert max(map(len, shown.splitlines())) <= 80
    assert "{" not in shown
    assert f"email:{hashed[6:14]}…" in shown
    assert hashed not in shown.partition("identifier")[2]
    assert "donations.net.USD: null → $50.00" in shown
    steps = desk.lines("contact", "show", ada, "--history")
    assert sorted(step["type"] for step in steps) == ["contact.linked", "donation.made", "email.opened"]
    first, second = sorted((ada, f"email:{hashed[6:14]}…"))
    assert f"one person: {first} and {second}" in shown
    held = json.loads(desk.do("contact", "export", ada))
    assert held["identifiers"] == [ada, hashed]
    assert sorted(said["type"] for said in held["interactions"]) == ["contact.linked", "donation.made", "email.opened"]
    assert email not in json.dumps(held)

    assert "they are two people; Redis shows it" in desk.do("contact", "unlink", email, ada)
    until(lambda: desk.profile(email).get("counts") == {"email.opened": 1}, "two again")
    until(lambda: desk.profile(ada)["counts"] == {"donation.made": 1}, "the other alone")  # of another partition
    for person, other in ((ada, hashed), (email, ada)):
        desk.do("contact", "bundle", person, "--out", other.replace(":", "-"))
        files = [*(tmp_path / other.replace(":", "-")).iterdir()]
        assert (len(files), [file.name for file in files if other in file.read_text()]) == (2, [])
        assert files[0].parent.stat().st_mode & 0o077 == 0
        assert other not in desk.do("contact", "export", person)


def test_a_person_is_suppressed_and_then_forgotten(desk: Desk) -> None:
    ada = fresh()
    desk.system.say("donation.made", {"contact_id": ada}, donation_id=f"desk:{fresh()}")
    desk.until_known(ada)

    desk.do("contact", "suppress", ada, "--until", "2032-11-07T00:00:00Z")
    assert suppressions(desk, ada)["email"]["until"] == "2032-11-07T00:00:00.000Z"
    desk.do("contact", "unsuppress", ada)
    shown = desk.do("contact", "show", ada, "--history")
    until_then, lifted = "nobody may reach this person until 2032-11-07T00:00:00.000Z", "lifts the suppression"
    assert shown.index("donation.made") < shown.index(until_then) < shown.index(lifted)
    decided = [step.get("decided") for step in desk.lines("contact", "show", ada, "--history")]
    assert decided == [None, until_then, lifted]

    asked = desk.run("contact", "erase", ada)
    assert (asked.returncode, b"Forget this person?" in asked.stderr) == (1, True)  # nobody said yes
    assert desk.profile(ada)
    assert "this person is forgotten; Redis shows it" in desk.do("contact", "erase", ada, "--yes")
    assert desk.refused("contact", "show", ada) == f"{ada} has been erased\n"
    assert desk.refused("contact", "export", ada) == f"{ada} has been erased\n"


def suppressions(desk: Desk, who: str) -> dict[str, Any]:
    return json.loads(desk.do("contact", "export", who))["suppressions"] or {}


def test_a_person_is_forgotten_by_any_identifier_and_by_nothing_that_only_looks_like_one(desk: Desk) -> None:
    voter, van, phone = f"NY:{fresh()}", fresh(), f"212555{randrange(10_000):04}"
    desk.system.say("form.submitted", {"voter_id": voter, "external": {"van": van}, "phone": phone})
    until(lambda: bool(desk.profile(f"external:van:{van}")), "her")

    for word in (van, f"voter:{voter}0", f"{voter}0", f"{fresh()}@example.org"):
        for yes in ((), ("--yes",)):
            said = desk.refused("contact", "erase", word, *yes)
            assert "othing was sent: mend the name, or --anyway" in said
            assert "Forget this person?" not in said  # nobody is asked about nobody
    typo = f"{fresh()}@exmaple.org"
    for words in (("suppress", van), ("suppress", typo), ("unlink", f"phone:{phone}", van), ("unsuppress", typo)):
        why = desk.refused("contact", *words)
        assert why.startswith("nobody is known by th")
        assert "othing was sent: mend the name, or --anyway" in why
        assert typo not in why
    assert desk.profile(f"phone:{phone}")["contact_id"] == desk.profile(f"voter:{voter}")["contact_id"]

    desk.do("contact", "suppress", f"phone:{phone}")
    assert suppressions(desk, f"voter:{voter}")
    erased = desk.run("contact", "erase", voter, "--yes")
    assert (erased.returncode, erased.stderr) == (0, b"understood as voter:STATE:ID\n")
    for word in (f"voter:{voter}", f"phone:{phone}", f"external:van:{van}"):
        until(lambda word=word: desk.run("contact", "show", word).stderr.endswith(b" has been erased\n"), word)  # type: ignore[misc]
        why = desk.refused("contact", "unsuppress", word)
        assert why.startswith("nothing to lift")
        assert "Closed: everything (erased)" in why


def test_who_decides_may_insist(desk: Desk) -> None:
    early = fresh()
    sent = desk.told("contact", "suppress", early, "--anyway")
    assert sent["data"]["contact"] == {"contact_id": early}
    assert desk.profile(early)["stops"]["all"]["id"] == sent["id"]
    assert "this person is forgotten" in desk.do("contact", "erase", fresh(), "--anyway", "--yes")
    assert "they are one person" in desk.do("contact", "link", fresh(), fresh(), "--anyway")


def test_a_suppression_is_shortened_only_by_who_insists_and_lifted_with_a_word_on_what_stays_closed(desk: Desk) -> None:
    ada, sooner, later = fresh(), "2032-11-07T00:00:00Z", "2033-11-07T00:00:00Z"
    desk.system.say("text.opted_out", {"contact_id": ada})
    desk.until_known(ada)
    assert desk.refused("contact", "unsuppress", ada).startswith("nothing to lift")
    desk.do("contact", "suppress", ada)

    past = desk.refused("contact", "suppress", ada, "--until", "2026-01-01T00:00:00Z", code=2)
    assert past.startswith("--until: that time has passed")
    why = desk.refused("contact", "suppress", ada, "--until", sooner)
    assert "by operator/harmonia holds, for ever" in why
    assert "harmonia contact unsuppress" in why
    assert (desk.profile(ada)["stops"]["all"]["reason"], "until" in desk.profile(ada)["stops"]["all"]) == (
        "suppressed",
        False,
    )

    lasts = "nobody may reach this person until 2032-11-07T00:00:00.000Z, in the place of the suppression of "
    insisted = desk.do("contact", "suppress", ada, "--until", sooner, "--anyway")
    assert lasts in insisted
    assert " by operator/harmonia, for ever; Redis shows it" in insisted
    assert "operator/harmonia, until 2032-11-07" in desk.do("contact", "suppress", ada, "--until", later)
    assert "holds, until 2033-11-07" in desk.refused("contact", "suppress", ada, "--until", sooner, "--no-wait")

    lifted = desk.do("contact", "unsuppress", ada)
    assert "by operator/harmonia, until 2033-11-07" in lifted
    assert "Stays closed: text (opted_out " in lifted
    assert "all" not in desk.profile(ada)["stops"]


def test_what_no_worker_has_carried_out_is_not_to_be_relied_on(desk: Desk) -> None:
    """Nobody writes to this other database; with --no-wait nothing is promised."""
    where = elsewhere(desk.system, "old")
    for words in (("suppress", "old"), ("unlink", "old", "old2", "--anyway")):
        why = desk.refused("contact", *words, "--wait", "0.3", where=where)
        assert "accepted, so it will still be carried out" in why
        assert "Redis did not show it within 0.3 s: do not rely on it" in why
    assert "do not rely on it" in desk.refused("contact", "erase", "old", "--yes", "--wait", "0.3", where=where)
    assert desk.do("contact", "suppress", "old", "--no-wait", where=where).startswith("sent contact.suppressed ")
    for unsure in (("suppress", "old", "--until", "2032-11-07T00:00:00Z"), ("unsuppress", "old")):
        assert "so nobody can tell which suppression holds" in desk.refused("contact", *unsure, where=where)

    shown = desk.run("contact", "show", "old", where=where)
    assert shown.returncode == 0
    assert shown.stderr.startswith(b"this may be old or lack something: in Redis contact-state:")
    assert "in Redis contact-state:" in desk.refused("contact", "show", fresh(), where=where)


def test_who_has_done_nothing_for_years_is_erased_and_who_has_stays(desk: Desk, system: System, tmp_path: Path) -> None:
    """Of long ago, so that nobody else of this system is due."""
    idle, alive, email = fresh(), fresh(), f"{fresh()}@example.org"
    named: list[dict[str, JSON]] = [{"contact_id": idle, "email": email}, {"contact_id": alive}]
    for contact in named:
        desk.system.say("form.submitted", contact, form_id="f", time="1985-05-01T10:00:00Z")
    desk.system.say("rsvp.attended", {"contact_id": alive}, event_id="e")
    desk.system.say("email.sent", {"email": email}, message_id=fresh())
    until(lambda: desk.profile(alive).get("last_active_at", "")[:4] == "2012", "who came")
    until(lambda: "email.sent" in desk.profile(idle).get("counts", {}), "who was only written to")
    until(lambda: desk.profile(email).get("contact_id") == idle, "whoever it is, by the address too")

    run, years = ("retention", "run", "--inactive", "--yes", "--most"), {"HARMONIA_INACTIVITY_DAYS": "12000"}
    waiting = desk.asked("open", "access", email)["request"]
    [counted] = desk.lines(*run, "1", where=years)
    assert (counted["people"], counted["asked"]) == (0, 1)  # who waits for an answer stays
    desk.asked("close", waiting, "--outcome", "granted")

    counted = desk.told("retention", "report", "--inactive", where=years)
    assert (counted["people"], counted["interactions"], counted["asked"]) == (1, 2, 0)
    assert "more than --most 0" in desk.refused(*run, "0", where=years)
    assert [(one["when"], one["people"]) for one in desk.lines(*run, "1", where=years)] == [("before", 1), ("after", 0)]
    until(lambda: not desk.profile(idle), "nobody left")
    until(lambda: waiting not in read_desk(system.settings).requests, "what they asked for is only counted")
    assert desk.profile(alive)["counts"] == {"form.submitted": 1, "rsvp.attended": 1}


def test_a_person_objects_is_given_what_is_held_and_is_forgotten_with_their_requests(
    desk: Desk, system: System, tmp_path: Path
) -> None:
    """An objection acts at once; what is late is told; an erasure by another command leaves counts alone."""
    ada, bo, email = fresh(), fresh(), f"{fresh()}@example.org"
    named: list[dict[str, JSON]] = [{"contact_id": ada, "email": email}, {"contact_id": bo}]
    for who in named:
        desk.system.say("form.submitted", who, form_id="f")
    until_in_redis(system, bo)
    until(lambda: desk.profile(email).get("contact_id") == ada, "her, by her address too")

    of_others = read_desk(system.settings).counts.keys()
    objection = desk.asked("open", "objection", email)
    assert (objection["contact_id"].partition(":")[0], objection["did"]) == ("email", ["suppressed"])  # as she asked
    stopped = json.loads(state_of(system, ada) or b"{}")
    assert stopped["stops"]["all"]["source"] == "operator/rights"  # it ends once that is so
    again = reason(desk.rights("open", "objection", ada))
    assert f"request {objection['request']} of this kind and person is open" in again
    assert "all contact with them was ordered to stop, and stays so" in again

    access = desk.asked("open", "access", ada)["request"]
    held = tmp_path / "held"
    assert desk.rights("answer", access, "--out", str(held), "--language", "de").returncode == 2  # and is not audited
    answered = desk.asked("answer", access[:8], "--out", str(held), "--language", "fr")
    assert (answered["did"], answered["closed"]) == (["bundle"], None)
    assert "Ce que vous avez demandé" in (held / "index.html").read_text()
    assert len(json.loads((held / "data.json").read_text())["asked"]) == 3
    closed = desk.asked("close", access, "--outcome", "granted", "--reference", "letters/17")
    assert (closed["outcome"], closed["in_time"], closed["reference"]) == ("granted", True, "letters/17")

    late = desk.asked("open", "rectification", bo, "--received", "2025-01-31")
    assert (late["due"], late["overdue"]) == ("2025-02-28", True)
    assert desk.rights("extend", late["request"], "--reason", "number").returncode == 1
    waiting = {"kind": "rectification", "state": "overdue"}
    until(lambda: sample(f"{system.base}/metrics", "harmonia_rights_requests", **waiting) == 1, "a late one told")

    desk.do("contact", "erase", ada, "--yes")

    def counted() -> list[tuple[str, str, bool]]:
        counts = read_desk(system.settings).counts
        return sorted((one.kind, one.outcome, one.in_time) for key, one in counts.items() if key not in of_others)

    until(lambda: len(counted()) == 2, "a worker has counted the requests of who is erased")
    assert counted() == [("access", "granted", True), ("objection", "erased", False)]  # of the second nobody told her
    assert [one["request"] for one in desk.asked("list", "--all")["requests"]] == [late["request"]]
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
    desk.system.say("donation.made", {"contact_id": ada}, donation_id=f"desk:{fresh()}")
    desk.system.say("email.opened", {"email": email})
    desk.until_known(ada, email)
    desk.do("contact", "link", ada, email)
    request = desk.asked("open", "erasure", email)
    assert request["contact_id"].startswith("email:")
    desk.do("contact", "unlink", email, ada)
    until(lambda: desk.profile(email).get("counts") == {"email.opened": 1}, "two again")
    told = desk.rights("answer", request["request"], "--yes")
    assert b"this is about email:" in told.stdout + told.stderr
    assert ada.encode() not in told.stdout + told.stderr
    assert b"has been erased" in desk.run("contact", "show", email).stderr
    assert desk.profile(ada)["counts"] == {"donation.made": 1}


def test_an_objection_that_no_worker_has_heeded_is_written_down_and_answered_once_one_has(
    desk: Desk, system: System
) -> None:
    """Nobody writes to this other database."""
    ada, bo = fresh(), fresh()
    where = elsewhere(system, ada, bo)
    assert "they may be known: in Redis contact-state:" in reason(desk.rights("open", "access", fresh(), where=where))
    asked = []
    for name in (ada, bo):
        unseen = desk.rights("open", "objection", name, "--wait", "0.3", "--json", where=where)
        assert "do not rely on it yet" in reason(unseen)
        asked.append(json.loads(unseen.stdout))
    of_ada, of_bo = asked
    assert [(one["did"], one["answered"]) for one in asked] == [([], None)] * 2
    until_in_redis(system, ada)
    seen = desk.asked("answer", of_ada["request"])
    assert seen["did"] == ["suppressed"]
    until_in_redis(system, bo)
    for told in ("of the one before that all contact is stopped", "nothing was written down"):  # they write again
        again = reason(desk.rights("open", "objection", bo))
        assert f"{told}: request {of_bo['request']} of this kind and person is open" in again
        assert desk.asked("show", of_bo["request"])["did"] == ["suppressed"]


@pytest.mark.parametrize("is_heeded", [False, True], ids=["not seen to be heeded", "heeded"])
def test_an_objection_that_comes_again_under_another_id_stops_the_one_of_before_too_and_all_ids_are_audited(
    desk: Desk, system: System, tmp_path: Path, is_heeded: bool
) -> None:
    """The stop of the first one was lifted since; of one of the two Redis had shown nothing either."""
    ada, email = fresh(), f"{fresh()}@example.org"
    desk.system.say("donation.made", {"contact_id": ada}, donation_id=f"desk:{fresh()}")
    desk.system.say("email.opened", {"email": email})
    desk.until_known(ada, email)
    hashed = desk.profile(email)["contact_id"]
    where = {} if is_heeded else elsewhere(system, hashed)
    asked = desk.rights("open", "objection", email, "--wait", "60" if is_heeded else "0.3", "--json", where=where)
    first = json.loads(asked.stdout)
    assert (first["contact_id"], first["did"]) == (hashed, ["suppressed"] if is_heeded else [])
    until(lambda: "all" in desk.profile(email)["stops"], "the stop all the same")
    desk.do("contact", "unsuppress", email)
    desk.do("contact", "link", ada, email)

    again = reason(desk.rights("open", "objection", ada))
    told = "nothing was written down" if is_heeded else "of the one before that all contact is stopped"
    assert f"{told}: request {first['request']}" in again
    assert desk.asked("show", first["request"])["did"] == ["suppressed"]
    access = desk.asked("open", "access", ada)["request"]
    assert desk.rights("answer", access, "--out", str(tmp_path / "held")).returncode == 0
    with closing(KafkaClients(system.settings).tool_consumer()) as consumer:
        audited = [json.loads(record.value) for record in records_of(consumer, AUDIT_LOG)]
    [given] = [one for one in audited if one.get("detail") == f"answered access {access}"]
    assert [answer["contact_id"] for answer in given["answers"]] == [ada, hashed]

    desk.do("contact", "unlink", email, ada)
    until(lambda: desk.profile(email).get("counts") == {"email.opened": 1}, "two again")
    assert [desk.profile(who)["stops"]["all"]["source"] for who in (ada, email)] == ["operator/rights"] * 2


def elsewhere(system: System, *names: str) -> dict[str, str]:
    """The setting that leads to another database, which knows these people and in which nobody writes."""
    url = system.stack.redis_url.rpartition("/")[0] + "/7"
    redis = tool_redis(system.settings.model_copy(update={"redis_url": url}))
    for name in names:
        redis.hset(f"contact:{name}", mapping={"version": 1, "state": "{}"})
    return {"REDIS_URL": url}


def steps_in(consumer: KafkaConsumer) -> bytes:
    """All that is left of requests once the topic is compacted."""
    latest = {record.key: record.value for record in records_of(consumer, RIGHTS_REQUESTS)}
    return b"\n".join(value for value in latest.values() if value is not None)
