"""A French campaign from the voter list to the deletion after the poll, by the commands that a team there would type.

Real servers, and nobody looks into the system until the end: then an oracle says, from the events as they were sent,
who must be left with which facts, and everything that is left anywhere is compared with it.
"""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from streams.local.postgres import running_postgres
from streams.local.stack import Stack
from tests.integration import french_files as files
from tests.integration import french_office as remains
from tests.integration.command import ended_well, harmonia, on, refused
from tests.integration.follow_process import following
from tests.integration.french_files import (
    ALIX,
    BAO,
    CHLOE,
    DRISS,
    EVERYBODY,
    FANNY,
    GAEL,
    HANA,
    ILAN,
    JEANNE,
    KARIM,
    LENA,
    MALO,
    NORA,
    PAUL,
    POLL,
    Person,
    at,
    contact_of,
)  # fmt: skip
from tests.integration.french_office import Office
from tests.integration.french_oracle import (
    ALL_CHANNELS,
    Event,
    Facts,
    by_person,
    closed_to,
    facts_of,
    is_from,
    is_silent,
    is_yes_for,
    what_stays,
)  # fmt: skip
from tests.integration.lake_process import running_lake
from tests.integration.serving_process import started
from tests.integration.system import running_system
from tests.integration.traces import found_in_redis, found_in_topics
from tests.integration.waiting import until

NOTICES = [
    f'[[conditions]]\nchannel = "{channel}"\nrequire = "notice"\nwithin = "28d"\n' for channel in ("phone", "letter")
]
"""Of the channels that the campaign uses: in the packaged policy each line of them has a mark before it."""

ADS_ARE_OVER = ("--purpose", "online_ads", "--until", POLL)


@pytest.fixture(scope="module")
def office(own_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """In a deployment of its own: a regime is that of everybody in it, and everything that is left is looked at."""
    with open_office(own_stack, tmp_path_factory.mktemp("campagne")) as office:
        yield office


@contextmanager
def open_office(stack: Stack, folder: Path) -> Iterator[Office]:
    """Everything that a campaign runs, with the policy of the regime and its rules on notices switched on."""
    places = {
        "HARMONIA_LAKE": folder / "lake",
        "HARMONIA_DESK": folder / "desk.sqlite",
        "HARMONIA_POLICY": folder / "p",
    }
    with ExitStack() as running:
        postgres = running.enter_context(running_postgres())
        environment = on(
            stack,
            HARMONIA_REGIME="fr",
            HARMONIA_HOME=str(folder / "home"),
            HARMONIA_PARTITIONS="2",
            HARMONIA_POSTGRES=postgres.url,
            HARMONIA_LAKE_FLUSH_S="0.3",
            **{name: str(place) for name, place in places.items()},
        )
        packaged = ended_well(harmonia(folder, "policy", "show", "--default", environment={"HARMONIA_REGIME": "fr"}))
        policy = packaged.stdout.decode()
        for notice in NOTICES:
            marked = "".join(f"# {line}" for line in notice.splitlines(keepends=True))
            assert marked in policy
            policy = policy.replace(marked, notice)
        places["HARMONIA_POLICY"].write_text(policy)
        ended_well(harmonia(folder, "topics", "create", environment=environment))
        system = running.enter_context(running_system(stack, folder, **environment))
        running.enter_context(running_lake(folder, "lake", environment))
        running.enter_context(following(folder, "desk", environment))
        running.enter_context(started(["sink", "postgres"], folder / "sink.log", environment, "postgres"))
        yield Office(system, folder, environment)


def said(who: Person, type_: str, ago: int, **data: Any) -> Event:
    """An event about somebody by all that the campaign has of them."""
    head = {"specversion": "1.0", "source": "terrain/carnet", "id": f"{who.name}-{type_}-{ago}", "type": type_}
    return {**head, "time": at(ago), "data": {**data, "contact": contact_of(who)}}


def signature(*signers: Person) -> str:
    """An export of signatures, a line each."""
    lines = []
    for one in signers:
        signed = {
            "created_date": at(18),
            "identifiers": [f"action_network:{one.name}"],
            "person": {"email_addresses": [{"primary": True, "address": one.email}]},
            "_links": {"osdi:petition": {"href": "https://example.org/petitions/ecole"}},
        }
        lines.append(json.dumps({"osdi:signature": signed}))
    return "\n".join(lines)


def test_a_campaign_from_the_roll_to_the_deletion_after_the_poll(office: Office) -> None:
    files_are_brought_in(office)
    first_contacts_come_with_a_notice(office)
    people_are_chosen(office)
    ads_are_accounted_for(office)
    rights_are_answered(office)
    the_poll_is_over(office)
    nobody_more_and_nobody_less(office)


def files_are_brought_in(office: Office) -> None:
    listed = office.import_table("liste", files.ROLL, files.roll_mapping(files.ROLL_FILE), "terrain/listes")
    assert listed == {"provenance.reported": 9}
    hired = office.import_table("location", files.RENTED, files.RENTED_MAPPING, "terrain/loueur")
    assert hired == {"provenance.reported": 2}
    joined = office.import_table("inscriptions", files.SIGNUPS, files.SIGNUPS_MAPPING, "numerique/site")
    assert joined == {"form.submitted": 6, "consent.changed": 11}
    theirs = office.write("autre-petition.jsonl", signature(KARIM))
    foreign = office.run("import", "actionnetwork", theirs, "--source", "numerique/petitions")
    assert "refused_source" in refused(foreign)
    ours = office.write("petition.jsonl", signature(FANNY, GAEL))
    office.do("import", "actionnetwork", ours, "--source", "numerique/petitions", "--provenance", "self")
    grown: dict[str, Any] = {"kind": "self", "of_age": True, "notice": "art13/v2"}
    ads: dict[str, Any] = {"channel": "all", "purpose": "online_ads", "basis": "consent", "proof": "f-6"}
    office.produce(
        said(FANNY, "consent.changed", 17, granted=True, provenance=grown, **ads),
        said(LENA, "consent.changed", 5, granted=False, channel="all", purpose="online_ads"),
        said(CHLOE, "canvass.reported", 10, method="door", outcome="contacted", support=1, tags_added=["benevole"],
             provenance={"kind": "canvass", "notice": "art14/v1", "notice_by": "door"}),
        said(BAO, "canvass.reported", 10, method="door", outcome="not_home", provenance={"kind": "voter_list"}),
        said(DRISS, "canvass.reported", 10, method="door", outcome="do_not_contact", support=5,
             tags_added=["opposant"], provenance={"kind": "voter_list"}),
        said(HANA, "email.sent", 9, message_id="lettre-1", purpose="mobilisation"),
    )  # fmt: skip
    settled(office)


def first_contacts_come_with_a_notice(office: Office) -> None:
    alix, nora = f"voter:FR:{ALIX.voter}", f"phone:{NORA.mobile}"
    assert office.check(alix)["notice_due"]
    assert office.check(nora)["reason"] == "no_notice"
    told = {"notice": "art14/v1", "notice_by": "letter"}
    office.produce(
        said(ALIX, "provenance.reported", 8, provenance={"kind": "voter_list", "file": files.ROLL_FILE, **told}),
        said(NORA, "provenance.reported", 8, provenance={"kind": "rented", "file": files.RENTED_FILE, **told}),
    )
    settled(office)
    for who in (alix, nora):
        decision = office.check(who)
        assert (decision["decision"], decision.get("notice_due")) == ("allow", None)
    assert files.RENTED_FILE in office.do("contact", "origin", nora)


def people_are_chosen(office: Office) -> None:
    office.do("segments", "define", office.write("segments.toml", files.SEGMENTS))

    def chosen(segment: str) -> tuple[int, dict[str, int]]:
        """How many are in it, and why not all of them are written to."""
        words = ("--channel", "letter", "--purpose", "mobilisation", "--team", "terrain", "--json")
        ended = office.run("segments", "export", segment, *words)
        if ended.returncode:
            return 0, {}
        counts = json.loads(ended.stderr.splitlines()[-1])
        return counts["rows"], {name: n for name, n in counts["reasons"].items() if name.startswith("deny")}

    until(lambda: chosen("ainees-du-412") == (3, {"deny:no_notice": 1}), "three women of the 412")
    # Elif's number was rented two months ago; Chloé and Hana were contacted, and nobody told them of the roll.
    left_out = {"deny:known_by_roll_alone": 4, "deny:no_notice": 3}
    assert chosen("paris") == (11, left_out)

    mailing = "email\n" + "".join(f"{one.email}\n" for one in (CHLOE, HANA, LENA))
    words = ("permit", "--channel", "text", "--purpose", "mobilisation", "--team", "numerique", "--at", next_tuesday())
    texted = office.run(*words, "--json", given=mailing.encode())
    assert json.loads(texted.stderr)["reasons"] == {"allow:ok": 1, "deny:no_consent": 2}
    assert texted.stdout.decode().splitlines()[1].startswith(CHLOE.email)


def next_tuesday() -> str:
    """The next Tuesday at 13 or 14 o'clock in Paris, when everything is open."""
    now = datetime.now(UTC)
    ahead = timedelta(days=(1 - now.weekday()) % 7 or 7)
    return f"{now + ahead:%Y-%m-%dT12:00:00Z}"


def ads_are_accounted_for(office: Office) -> None:
    asked = ("--for", "online_ads", "--team", "numerique", "--json")
    by_region = office.run("audience", "export", "segment:paris", *asked)
    assert "nothing was written: 8 of 11 are refused" in refused(by_region)
    assert by_region.stdout == b""
    assert json.loads(by_region.stderr.splitlines()[0])["reasons"] == {
        "admitted": 3,
        "closed": 1,
        "consent_withdrawn": 1,
        "no_consent": 1,
        "no_direct_collection": 4,
        "under_age": 1,
    }
    by_opinion = office.run("audience", "export", "segment:soutiens", *asked)
    assert "support = [1, 2]: tells an opinion" in refused(by_opinion)
    signers = office.write("signataires.csv", f"email\n{FANNY.email}\n{GAEL.email}\n{HANA.email}\n")
    meant = ("--criteria", "petition-ecole/v1", "--campaign", "ads-1", "--most", "34")
    exported = office.run("audience", "export", signers, *asked, *meant)
    assert json.loads(exported.stderr.splitlines()[0])["reasons"] == {"admitted": 2, "no_consent": 1}
    assert exported.stdout.decode() == f"email\n{FANNY.email}\n{HANA.email}\n"

    paid = (
        "--sponsor",
        "Liste Alix",
        "--contact",
        "1 rue de la Paix, Paris",
        "--amount",
        "1250.50",
        "--currency",
        "EUR",
    )
    when = ("--election", "2026-municipales", "--begins", at(18)[:10], "--ends", at(3)[:10])
    office.do("campaigns", "transparency", "set", "ads-1", *paid, *when)
    office.do("campaigns", "transparency", "export", "ads-1", "--out", "avis", "--language", "fr")
    notice = json.loads((office.folder / "avis" / "notice.json").read_text())
    assert notice["record"]["amount"] == 125_050
    assert [(each["criteria"], each["admitted"]) for each in notice["audiences"]] == [(["petition-ecole/v1"], 2)]
    assert "payée par Liste Alix" in (office.folder / "avis" / "label.txt").read_text()
    register = office.do("register", "export", "--language", "fr")
    assert "1 095" in register.replace("\u202f", " ").replace("\xa0", " ")


def rights_are_answered(office: Office) -> None:
    asked = json.loads(office.do("rights", "open", "access", HANA.email, "--json"))["request"]
    answered = office.run("rights", "answer", asked, "--out", "hana", "--language", "fr")
    assert (answered.returncode, b"is it they who asked?" in answered.stderr) == (0, True)
    page = (office.folder / "hana" / "index.html").read_text()
    read = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    for told in (
        f"Une liste électorale · âge 35-44 · femme · bureau de vote {files.OTHER_STATION} {files.ROLL_FILE}",
        "La personne elle-même · en âge de voter – art13/v2, là où elle a laissé ses données",
        "Oui Courriel Collecte – consentement formulaire-7/v3 · f-8",
        "quand vous n’avez rien fait de vous-même pendant 1 095 jours",
        "Vous pouvez adresser une réclamation à la CNIL",
    ):
        assert told in read.replace("\u202f", " ").replace("\xa0", " ")
    assert not [word for word in (HANA.email, HANA.mobile, HANA.voter) if word in page]
    office.do("rights", "close", asked, "--outcome", "granted", "--reference", "courrier/17")

    ilan = f"voter:FR:{ILAN.voter}"
    assert office.check(ilan)["decision"] == "allow"
    objected = json.loads(office.do("rights", "open", "objection", ilan, "--json"))["request"]
    assert (office.check(ilan)["decision"], office.check(ilan)["reason"]) == ("deny", "suppressed")

    forgotten = json.loads(office.do("rights", "open", "erasure", JEANNE.email, "--json"))["request"]
    assert office.run("rights", "answer", forgotten, "--yes").returncode == 0
    assert office.check(JEANNE.email)["reason"] == "erased"
    listed = [line.split() for line in office.do("rights", "list", "--all").splitlines()]
    assert [each[1] for each in listed if each and each[0] in (asked[:8], objected[:8])] == ["objection", "access"]
    assert [each[2:] for each in listed if each[:1] == ["erasure"]] == [["erased", "yes", "1"]]


def the_poll_is_over(office: Office) -> None:
    later = office.import_table("complement", files.LATER_ROLL, files.roll_mapping(files.LATER_FILE), "terrain/listes")
    assert later == {"provenance.reported": 1}
    until(lambda: MALO.name in remains.in_redis(office), "who came by the later roll")
    office.do("segments", "withdraw", "ainees-du-412")
    remains.lake_has_everything(office)
    office.do("lake", "snapshot")

    rule = ("--kind", "voter_list", "--until", POLL)
    told = by_person(remains.raw_events(office))
    due = {one.name for one, events in told.items() if any(is_from(event, "voter_list", POLL) for event in events)}
    due.remove(JEANNE.name)
    before = json.loads(office.do("retention", "report", *rule, "--json"))
    assert before["people"] == len(due) == 8
    too_many = office.run("retention", "run", *rule, "--most", "7", "--yes", "--json")
    assert "nothing was sent: 8 people have something that is due, more than --most 7" in refused(too_many)
    assert json.loads(office.do("retention", "report", *rule, "--json")) == before
    ran = office.do("retention", "run", *rule, "--most", "8", "--yes", "--json").splitlines()
    reports = [json.loads(line) for line in ran]
    assert [(each["when"], each["people"]) for each in reports] == [("before", 8), ("after", 0)]

    quiet = office.do("retention", "run", "--inactive", "--most", "1", "--yes", "--json").splitlines()
    assert [(each["when"], each["people"]) for each in map(json.loads, quiet)] == [("before", 1), ("after", 0)]

    asked = json.loads(office.do("retention", "report", *ADS_ARE_OVER, "--json"))
    agreed = {one for one, events in told.items() if any(is_yes_for(event, "online_ads", POLL) for event in events)}
    assert asked["people"] == len(agreed - {JEANNE, PAUL}) == 4
    ads = office.do("retention", "run", *ADS_ARE_OVER, "--most", "4", "--yes", "--json").splitlines()
    assert [(each["when"], each["people"]) for each in map(json.loads, ads)] == [("before", 4), ("after", 0)]
    misspelled = office.run("retention", "report", "--purpose", "on_line_ads", "--until", POLL)
    assert misspelled.stderr.decode().startswith("no profile names the purpose on_line_ads: ")
    signers, asked_for = "signataires.csv", ("--for", "online_ads", "--team", "numerique")
    everybody = office.run("audience", "export", signers, *asked_for, "--criteria", "petition-ecole/v1")
    assert "3 of 3 are refused" in refused(everybody)

    remains.lake_has_everything(office)
    assert "nothing was changed" in refused(office.run("lake", "forget", *rule, "--most", "1", "--yes"))
    office.do("lake", "forget", *rule, "--most", "19", "--yes")
    office.do("lake", "forget", *ADS_ARE_OVER, "--most", "9", "--yes")
    office.do("lake", "erase")
    assert office.check(f"voter:FR:{ILAN.voter}")["reason"] == "suppressed"


def nobody_more_and_nobody_less(office: Office) -> None:
    """What is left anywhere is what the oracle says: facts, stops, rows, and no trace of what is gone."""
    told = by_person(remains.raw_events(office))
    gone = {JEANNE} | {one for one, events in told.items() if is_silent(events, at(1095))}
    assert gone == {JEANNE, PAUL}
    left = {one: what_stays(events, is_over) for one, events in told.items() if one not in gone}
    facts = {one.name: facts_of(events) for one, events in left.items() if events or one == ILAN}
    closed = {one.name: closed_to(events) for one, events in left.items()}
    closed |= {one.name: dict.fromkeys(ALL_CHANNELS, "erased") for one in gone}
    closed[ILAN.name] = dict.fromkeys(ALL_CHANNELS, "suppressed")

    assert remains.in_redis(office) == facts
    assert remains.in_topic(office) == facts
    until(lambda: remains.in_postgres(office) == facts, "PostgreSQL to have just them")
    until(lambda: remains.in_desk(office) == {*facts}, "the desk to have just them")
    assert remains.stops_in_topic(office) == {name: why for name, why in closed.items() if why}
    remains.in_the_lake(office, left, facts, {one.name for one in told if one in gone or left[one] != told[one]})

    roll = (files.STATION, files.OTHER_STATION, files.ROLL_FILE, "opposant")
    assert found_in_redis(office.system, roll) == found_in_topics(office.system, roll) == []
    assert not [row for row in remains.rows_of_postgres(office) if any(word in str(row) for word in roll)]
    assert found_in_topics(office.system, [files.LATER_STATION])
    for one in gone:
        names = remains.names_of(office, one)
        assert {*found_in_redis(office.system, names)} == {f"contact:{name}" for name in names}
        assert found_in_topics(office.system, names) == []
        assert not [row for row in remains.rows_of_desk(office) if any(name in str(row) for name in names)]
        marks = [row for row in remains.rows_of_postgres(office) if any(name in str(row) for name in names)]
        assert [row for row in marks if '"reason": "erased"' not in str(row) and any(row[4:])] == []
    logs = {log.name: log.read_text() for log in office.folder.glob("*.log")}
    assert logs.keys() == {"worker.log", "lake.log", "desk.log", "sink.log"}
    for name, log in logs.items():
        personal = [word for one in EVERYBODY for word in (one.voter, one.email, one.mobile.replace(" ", "")) if word]
        assert not [word for word in personal if word.lstrip("0") in log.replace(" ", "")], name


def is_over(event: Event) -> bool:
    """Whether it is of the roll, or a yes to ads, both of which are over once the poll is."""
    return is_from(event, "voter_list", POLL) or is_yes_for(event, "online_ads", POLL)


def settled(office: Office) -> None:
    """Return once Redis has of everybody what was sent of them."""
    expected = {one.name: facts_of(told) for one, told in by_person(remains.raw_events(office)).items()}
    seen: dict[str | None, Facts] = {}

    def look() -> bool:
        nonlocal seen
        seen = remains.in_redis(office)
        return seen == expected

    try:
        until(look, "everybody in Redis")
    except TimeoutError:
        assert seen == expected
