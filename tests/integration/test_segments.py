"""Segments on a real Kafka: defined by the command, entered live and by a backfill, left by time, whoever is killed."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
from kafka import TopicPartition
from typer.testing import CliRunner

from events.json_types import JSON
from events.topics import INTERACTIONS, SEGMENT_WORK
from sinks.keys import partition_of
from streams.cli.main import app
from streams.domain.segments.previews import PREVIEW
from streams.platform.clients import KafkaClients
from streams.platform.topic_reading import records_of
from streams.worker.agents.segments.records import TICK, Tick, tick_record
from tests.integration.command import on
from tests.integration.members import Told, told
from tests.integration.said import event, fresh, structured
from tests.integration.system import System, state_of
from tests.integration.waiting import until

DAY = timedelta(days=1)
TOPICS = {"donation": "donation-events", "canvass": "canvass-events", "contact": "contact-commands"}

DEFINITIONS = """
[[segment]]
id = "donors"
owner = "finance"
all = [{ gifts = "count", within = "365d", at_least = 1 }]

[[segment]]
id = "just-now"
all = [{ gifts = "count", within = "3m", at_least = 1 }]

[[segment]]
id = "hosting-donors"
all = [{ segment = "donors" }, { tag = "host" }]
"""


class Strategist:
    """Somebody who defines segments, hears of people, and looks at what is told of them."""

    def __init__(self, system: System, folder: Path) -> None:
        self.system = system
        self._folder = folder
        self._environment = on(system.stack)

    def run(self, *words: str) -> str:
        ended = CliRunner().invoke(app, ["segments", *words], env=self._environment)
        assert ended.exit_code == 0, ended.output
        return ended.stdout

    def define(self, text: str) -> str:
        file = self._folder / "segments.toml"
        file.write_text(text)
        return self.run("define", str(file))

    def refused(self, text: str) -> str:
        file = self._folder / "wrong.toml"
        file.write_text(text)
        ended = CliRunner().invoke(app, ["segments", "define", str(file)], env=self._environment)
        assert (ended.exit_code, ended.stdout) == (1, "")
        return ended.stderr

    def previews(self, meant: dict[str, int]) -> None:
        """A preview counts so many, of a sample and of everybody, and nothing of it stays."""
        file = self._folder / "preview.toml"
        file.write_text(DEFINITIONS.replace('id = "hosting-donors"', 'id = "hosting-donors"\nmembers = true'))
        for how in ([], ["--exact"]):
            found = orjson.loads(self.run("preview", str(file), "--json", *how))
            assert {each["id"]: each["count"] for each in found["segments"]} == meant
            assert (found["exact"], found["people"]) == (True, 1)
            assert found["partitions"] == {
                "answered": self.system.settings.partitions,
                "all": found["partitions"]["all"],
            }
        until(lambda: {*self._left_of_previews().values()} == {None}, "nothing is left of previews")
        assert "about" in self.run("preview", str(file))

    def _left_of_previews(self) -> dict[tuple[int, bytes], bytes | None]:
        with closing(KafkaClients(self.system.settings).tool_consumer()) as consumer:
            found = records_of(consumer, SEGMENT_WORK)
            return {(each.partition, each.key): each.value for each in found if each.key.startswith(PREVIEW)}

    def say(self, type_: str, contact: str | None, ago: timedelta = DAY, **data: JSON) -> None:
        said = event(type_, None if contact is None else {"contact_id": contact}, **data)
        said["time"] = (datetime.now(UTC) - ago).isoformat()
        value, headers = structured(said)
        topic = TOPICS[type_.partition(".")[0]]
        self.system.deployment.producer.send(topic, value, (contact or "").encode(), headers).get(30)

    def give(self, contact: str, ago: timedelta = DAY) -> None:
        self.say("donation.made", contact, ago, donation_id=f"fec:{fresh()}")

    def host(self, contact: str) -> None:
        self.say("canvass.reported", contact, tags_added=["host"])

    def until(self, look: Callable[[Told], bool], what: str) -> Told:
        """What is told, once it looks so; every time it has to agree."""

        def seen() -> Told | None:
            found = told(self.system.settings)
            return found if look(found) else None

        return until(seen, what)

    def until_in(self, contact: str, *segments: str) -> Told:
        return self.until(lambda found: found.names.get(contact, set()) == {*segments}, f"in {segments}")

    def until_complete(self, *segments: str) -> Told:
        count = self.system.settings.partitions
        return self.until(lambda found: all(found.is_complete(each, count) for each in segments), "all are judged")

    def apart_from(self, contact: str) -> str:
        """A fresh id whose partition is another one than a contact's, so that it has another clock."""
        return next(each for each in iter(fresh, "") if self._partition(each) != self._partition(contact))

    def _partition(self, contact: str) -> int:
        return partition_of(contact, self.system.settings.partitions)

    def state_the_time(self, contact: str, at: datetime) -> None:
        """Have it be a moment in the partition of somebody, as if its broker's clock had come there."""
        number = self._partition(contact)
        with closing(KafkaClients(self.system.settings).tool_consumer()) as consumer:
            [end] = consumer.end_offsets([TopicPartition(INTERACTIONS, number)]).values()
        record = tick_record(number, Tick(end, int(at.timestamp() * 1000)))
        self.system.deployment.producer.send(SEGMENT_WORK, record.value, TICK, partition=number).get(30)


def test_people_enter_and_leave_as_they_are_heard_of_defined_and_as_time_goes_by(
    system: System, tmp_path: Path
) -> None:
    office = Strategist(system, tmp_path)
    nothing_is_changed_by_a_file_with_mistakes(office)
    bob = fresh()
    ann, cyd, eve = (office.apart_from(bob) for _ in range(3))  # it will be another time where bob is
    office.give(ann)
    office.host(ann)
    known = (b'"tags":["host"]', b'"count":1')
    until(lambda: all(each in (state_of(system, ann) or b"") for each in known), "ann is known")
    assert "donors: new: everybody is judged by it anew" in office.define(DEFINITIONS)
    backfilled = office.until_complete("donors", "just-now", "hosting-donors")
    assert backfilled.names == {ann: {"donors", "hosting-donors"}}
    assert backfilled.causes(ann) == [("defined", ["donors", "hosting-donors"], [])]
    office.previews({"donors": 1, "just-now": 0, "hosting-donors": 1})

    office.give(cyd, timedelta(seconds=150))  # who leaves by the clock of the broker, thirty seconds later
    office.until(lambda found: bool(found.changes[cyd]), "cyd is heard of")
    office.give(bob)
    assert office.until_in(bob, "donors").causes(bob) == [("interaction", ["donors"], [])]
    office.state_the_time(bob, datetime.now(UTC) + 400 * DAY)
    gone = office.until_in(bob)
    assert gone.causes(bob)[1:] == [("time", [], ["donors"])]
    gone.agree()
    by_time = office.until_in(cyd, "donors")
    assert by_time.causes(cyd) == [("interaction", ["donors", "just-now"], []), ("time", [], ["just-now"])]

    office.say("contact.linked", None, contact_ids=[ann, cyd])
    roof, under = sorted((ann, cyd))
    whole = {roof: {"donors", "hosting-donors"}}
    office.until(lambda found: under not in found.latest and found.names == whole, "one person")
    office.give(eve)
    office.until_in(eve, "donors")
    office.say("contact.erased", roof)
    erased = office.until(lambda found: roof not in found.latest, "nobody")
    assert erased.causes(roof)[-1] == ("erased", [], [])
    erased.agree()

    assert (
        "hosting-donors refers to it"
        in CliRunner().invoke(app, ["segments", "withdraw", "donors"], env=on(system.stack)).stderr
    )
    office.run("withdraw", "donors", "hosting-donors")
    last = office.until(lambda found: not found.counts["donors"], "it is withdrawn")
    assert last.causes(eve)[-1] == ("withdrawn", [], ["donors"])
    assert last.names == {}
    last.agree()
    [listed] = orjson.loads(office.run("list", "--json"))["segments"]
    assert (listed["definition"]["id"], listed["counts"]["state"], listed["counts"]["members"]) == (
        *("just-now", "complete", 0),
    )
    assert (listed["counts"]["entered"], listed["counts"]["left"]) == (1, 1)


def nothing_is_changed_by_a_file_with_mistakes(office: Strategist) -> None:
    """Each of which is named."""
    said = office.refused(DEFINITIONS.replace('tag = "host"', 'tagg = "host"').replace("at_least", "at_leest"))
    assert said.count("segment[0].all[0].at_leest: is not known; correct its name or take it out") == 1
    assert "segment[2].all[1]: is no condition that is known: tagg" in said
    assert "hosts: refers to donors, which is not defined; define it" in office.refused(
        '[[segment]]\nid = "hosts"\nall = [{ segment = "donors" }]\n'
    )
    assert orjson.loads(office.run("list", "--json")) == {"segments": []}
    assert told(office.system.settings).counts == {}
