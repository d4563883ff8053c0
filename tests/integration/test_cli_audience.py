"""`harmonia audience export` under the regime `eu`: who is admitted, who is not, and what is written down of it."""

import json
from contextlib import closing
from pathlib import Path

from events.json_types import JSON
from events.topics import AUDIT_LOG
from streams.platform.clients import KafkaClients
from streams.platform.topic_reading import records_of
from tests.integration.command import Ended, refused
from tests.integration.said import fresh
from tests.integration.system import System
from tests.integration.terminal import Terminal
from tests.integration.waiting import until

WORKER = {"HARMONIA_REGIME": "eu"}
SEGMENTS = """
[[segment]]
id = "paris"
owner = "digital"
members = true
all = [{ region = "FR-75" }]

[[segment]]
id = "friends"
owner = "digital"
members = true
all = [{ segment = "paris" }]
none = [{ support = [4, 5] }]

[[segment]]
id = "elders"
owner = "field"
members = true
all = [{ age_band = "65+" }, { channel = "door", is = "open" }]
"""
OWN: JSON = {"kind": "self", "of_age": True, "notice": "art13/v2"}
YES: dict[str, JSON] = {"channel": "all", "granted": True, "purpose": "online_ads", "basis": "consent", "proof": "f:1"}


class Desk(Terminal):
    """At a deployment of its own: a regime is that of everybody in it."""

    def export(self, who: str, *words: str, given: bytes | None = None) -> Ended:
        asked = ("--for", "online_ads", "--team", "digital", "--json")
        return self.run("audience", "export", who, *asked, *words, given=given)


def told(ended: Ended) -> dict[str, int]:
    """The counts by reason, whatever else was said after them."""
    reasons: dict[str, int] = json.loads(ended.stderr.splitlines()[0])["reasons"]
    return reasons


def test_only_who_agreed_themselves_and_is_of_age_is_in_an_audience(system: System, tmp_path: Path) -> None:
    desk, file = Desk(system, tmp_path, **WORKER), tmp_path / "segments.toml"
    file.write_text(SEGMENTS)
    desk.do("segments", "define", str(file))
    ada, email, bo, voter = fresh(), f"{fresh()}@example.org", fresh(), fresh()
    rolled: JSON = {"kind": "voter_list", "of_age": True, "age_band": "65+"}
    desk.system.say("provenance.reported", {"contact_id": ada, "region": "FR-75", "email": email}, provenance=OWN)
    desk.system.say("provenance.reported", {"contact_id": bo, "region": "FR-75"}, provenance=OWN)
    desk.system.say("provenance.reported", {"contact_id": voter, "region": "FR-75"}, provenance=rolled)
    desk.system.say("consent.changed", {"contact_id": ada}, **YES)

    chosen_by_roll_alone_only_by_what_it_tells(desk, voter)

    everybody = {"admitted": 1, "no_consent": 1, "no_direct_collection": 1}

    def counted() -> bool:
        ended = desk.export("segment:paris", "--dry-run")
        return ended.returncode == 0 and told(ended) == everybody

    until(counted, "the people of Paris")
    assert desk.export("segment:paris", "--dry-run").stdout == b""

    surprising = desk.export("segment:paris")
    assert (surprising.returncode, surprising.stdout, told(surprising)) == (1, b"", everybody)
    assert "nothing was written: 2 of 3 are refused" in surprising.stderr.decode()
    assert "give --most 67" in surprising.stderr.decode()
    exported = desk.export("segment:paris", "--most", "67", "--campaign", "ads-1")
    assert (exported.returncode, told(exported)) == (0, everybody)
    header, *rows = exported.stdout.decode().splitlines()
    assert header == "contact_id,member_since"
    assert [row.partition(",")[0] for row in rows] == [ada]

    special = desk.export("segment:friends", "--most", "100")
    assert "friends: support = [4, 5]: tells an opinion" in refused(special)
    assert special.stdout == b""

    stranger = f"{fresh()}@example.org"
    mine = f"Email,plan\n{email.upper()},b\n{stranger},b\n{email},again\n".encode()
    unread = desk.export("-", "--criteria", "plan-7/v2", "--most", "50", given=mine)
    assert refused(unread, code=2).startswith("'plan': not read, so whoever has an address there")
    listed = desk.export("-", "--criteria", "plan-7/v2", "--most", "50", "--carry", "plan", given=mine)
    assert told(listed) == {"admitted": 1, "repeated_in_audience": 1, "unknown_contact": 1}
    assert listed.stdout.decode() == f"Email,plan\n{email.upper()},b\n"
    assert refused(desk.export("-", given=mine), code=2).startswith("--criteria: say by what")
    assert "give segment:ID" in refused(desk.export("paris", "--criteria", "x"), code=2)

    desk.system.say("consent.changed", {"contact_id": ada}, channel="all", granted=False, purpose="online_ads")
    gone = {"consent_withdrawn": 1, "no_consent": 1, "no_direct_collection": 1}
    until(lambda: told(desk.export("segment:paris", "--dry-run")) == gone, "the consent that was taken back")
    written_down(desk, (ada, bo, voter, email))
    told_of_the_campaign(desk, tmp_path / "notice", (ada, bo, voter, email))


def chosen_by_roll_alone_only_by_what_it_tells(desk: Desk, voter: str) -> None:
    """`segments export` leaves out whom it may not choose; then the voter agrees to something, and is known by that."""
    asked = ("--channel", "door", "--purpose", "mobilisation", "--team", "field", "--json")

    def judged(segment: str) -> tuple[int, int]:
        """How many are in it, and how many of them are left out; nobody while the first are judged: it is refused."""
        ended = desk.run("segments", "export", segment, *asked)
        if ended.returncode:
            return 0, 0
        counts = json.loads(ended.stderr.splitlines()[-1])
        return counts["rows"], counts["reasons"].get("deny:known_by_roll_alone", 0)

    until(lambda: judged("paris") == (3, 1), "the people of Paris, of whom the voter is left out")
    until(lambda: judged("elders") == (1, 0), "the voter")
    desk.system.say("consent.changed", {"contact_id": voter}, **YES)
    until(lambda: judged("paris") == (3, 0), "the voter among the people of Paris")


def written_down(desk: Desk, nobody: tuple[str, ...]) -> None:
    """Each run is in the audit log with its criteria and counts, and none of the people is."""
    with closing(KafkaClients(desk.system.settings).tool_consumer()) as consumer:
        values = [record.value or b"" for record in records_of(consumer, AUDIT_LOG)]
    records = [each for each in map(json.loads, values) if each["what"] == "audience"]
    assert not [name for name in nobody for value in values if name.encode() in value]
    assert {each["team"] for each in records} == {"digital"}
    assert {each["gated"] for each in records} == {True}
    assert {each["used_for"] for each in records} == {"online_ads"}
    assert {"as_of" in each for each in records if "counts" in each} == {True}
    [exported] = [each for each in records if each["campaign_id"] == "ads-1"]
    assert [table["id"] for table in exported["criteria"]] == ["paris"]
    assert exported["counts"] == [
        {"decision": "allow", "reason": "admitted", "rows": 1},
        {"decision": "deny", "reason": "no_consent", "rows": 1},
        {"decision": "deny", "reason": "no_direct_collection", "rows": 1},
    ]
    assert {each["detail"] for each in records} == {"counted", "refused", "exported", "special_category"}
    [special] = [each for each in records if each["detail"] == "special_category"]
    assert [table["id"] for table in special["criteria"]] == ["friends", "paris"]
    [listed] = [each for each in records if "label" in each]
    assert (listed["label"], "criteria" in listed) == ("plan-7/v2", False)


def told_of_the_campaign(desk: Desk, folder: Path, nobody: tuple[str, ...]) -> None:
    """Who pays for it is written down twice; the notice has the latest, and the audience that was exported for it."""
    who = ("--sponsor", "Liste Ada", "--contact", "1 rue de la Paix", "--currency", "EUR", "--election", "2026-m")
    when = ("--begins", "2026-02-01", "--ends", "2026-03-20")
    said = ("campaigns", "transparency")
    wrong = desk.run(*said, "set", "ads-1", *who, "--amount", "10", "--begins", "2026-02-01", "--ends", "1 March")
    assert refused(wrong, code=2) == "--ends: give a day, such as 2026-02-01\n"
    for amount in ("1000", "1250.50"):
        desk.do(*said, "set", "ads-1", *who, *when, "--amount", amount)
    assert "ads-l: nothing is written down of it" in desk.refused(*said, "export", "ads-l", "--out", str(folder))
    desk.do(*said, "export", "ads-1", "--out", str(folder), "--language", "fr")
    told = json.loads((folder / "notice.json").read_text())
    assert (told["record"]["amount"], len(told["earlier_versions"])) == (125_050, 1)
    [audience] = told["audiences"]
    assert (audience["criteria"], audience["admitted"]) == (['paris: all: {"region":"FR-75"}'], 1)
    label = (folder / "label.txt").read_text()
    assert label == "Annonce à caractère politique · payée par Liste Ada · élection\u00a0: 2026-m\n"
    shown = (folder / "notice.html").read_text()
    assert not [name for name in nobody if name in shown]
