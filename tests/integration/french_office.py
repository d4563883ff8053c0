"""The office of a French campaign: a terminal with its folder, and what it can read of what is left of people.

Each reader tells the same of everybody, by name, so that all of them can be compared with the oracle.
"""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg

from events.contact import Contact
from events.topics import CONTACT_STATE, CONTACT_SUPPRESSIONS, INPUT_TOPICS, INTERACTIONS
from sinks.lake.duckdb_views import ask_lake
from sinks.lake.files import LocalFiles
from streams.platform.settings import Settings
from streams.platform.topic_reading import records_of
from tests.integration.command import Ended, ended_well, harmonia
from tests.integration.french_files import EVERYBODY, OTHER_STATION, STATION, Person, contact_of
from tests.integration.french_oracle import Event, Facts, facts_in
from tests.integration.system import System
from tests.integration.waiting import until
from tests.unit.history.lake.lake_rows import rows_in_manifests


class Office:
    """The campaign's office: a folder with its files, and a terminal."""

    def __init__(self, system: System, folder: Path, environment: dict[str, str]) -> None:
        self.system, self.folder, self.environment = system, folder, environment
        self.hasher = Settings.model_validate({**system.stack.environment, "regime": "fr"}).hasher

    def run(self, *words: str, given: bytes | None = None) -> Ended:
        return harmonia(self.folder, *words, environment=self.environment, given=given)

    def do(self, *words: str) -> str:
        """Run what must end well; what it prints."""
        return ended_well(self.run(*words)).stdout.decode()

    def write(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text)
        return name

    def import_table(self, name: str, table: str, mapping: str, source: str) -> dict[str, int]:
        """How many interactions of each type it was."""
        words = ("--mapping", self.write(f"{name}.toml", mapping), "--source", source, "--json")
        return dict(json.loads(self.do("import", "generic", self.write(f"{name}.csv", table), *words))["interactions"])

    def produce(self, *said: Event) -> None:
        lines = "".join(json.dumps(event) + "\n" for event in said)
        self.do("produce", self.write("said.jsonl", lines))

    def check(self, who: str, *words: str) -> dict[str, Any]:
        """What `permit check` says of a letter."""
        ended = self.run("permit", "check", who, "--channel", "letter", "--purpose", "mobilisation", "--json", *words)
        [decision] = json.loads(ended.stdout)["decisions"]
        assert ended.returncode == (decision["decision"] != "allow")
        return dict(decision)


def raw_events(office: Office) -> list[Event]:
    """What was sent, as the input topics have it; commands of the office are no words about anybody."""
    consumer = office.system.deployment.consumer
    values = [record.value for topic in INPUT_TOPICS for record in records_of(consumer, topic.name)]
    return [event for event in map(json.loads, values) if not event["type"].startswith("contact.")]


def names_of(office: Office, one: Person) -> list[str]:
    """The keyed hashes of a person."""
    return [*map(str, office.hasher.identifiers(Contact.model_validate(contact_of(one))).values())]


def person_of(office: Office, contact_id: str) -> str | None:
    """The name of somebody whom a keyed hash names."""
    return next((one.name for one in EVERYBODY if contact_id in names_of(office, one)), None)


def in_redis(office: Office) -> dict[str | None, Facts]:
    """By name what Redis has of each; nothing of whoever has two profiles, as for a moment until both are one."""
    found: dict[str | None, Facts] = {}
    for one in EVERYBODY:
        states = [office.system.deployment.redis.hget(f"contact:{name}", "state") for name in names_of(office, one)]
        [*profiles] = [facts_in(json.loads(state)) for state in states if state is not None]
        if len(profiles) == 1:
            found[one.name] = profiles[0]
    return found


def in_topic(office: Office) -> dict[str | None, Facts]:
    """By name the latest profile of each in `contact-state`."""
    latest = {record.key: record.value for record in records_of(office.system.deployment.consumer, CONTACT_STATE)}
    profiles = [json.loads(value) for value in latest.values() if value is not None]
    found = {person_of(office, profile["contact_id"]): facts_in(profile) for profile in profiles}
    assert len(found) == len(profiles)
    return found


def stops_in_topic(office: Office) -> dict[str, dict[str, str]]:
    """By name why which channel is closed in `contact-suppressions`, under whichever identifier."""
    topic = records_of(office.system.deployment.consumer, CONTACT_SUPPRESSIONS)
    found: dict[str, dict[str, str]] = {}
    for key, value in {record.key: record.value for record in topic}.items():
        for channel, why in json.loads(value or b"{}").items():
            found.setdefault(str(person_of(office, key.decode())), {})[channel] = why["reason"]
    return found


def ask_postgres(office: Office, text: str) -> list[tuple[Any, ...]]:
    async def ask_once() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(office.environment["HARMONIA_POSTGRES"])
        try:
            return [tuple(row) for row in await connection.fetch(text)]
        finally:
            await connection.close()

    return asyncio.run(ask_once())


def in_postgres(office: Office) -> dict[str | None, Facts]:
    rows = ask_postgres(office, "SELECT contact_id, profile::text FROM harmonia.contacts")
    return {person_of(office, name): facts_in(json.loads(profile)) for name, profile in rows}


def rows_of_postgres(office: Office) -> list[tuple[Any, ...]]:
    """Every row of every table, but for the definitions of segments."""
    where = "schemaname = 'harmonia' AND tablename NOT LIKE '%definition%'"
    tables = ask_postgres(office, f"SELECT tablename FROM pg_tables WHERE {where}")
    return [row for (table,) in tables for row in ask_postgres(office, f'SELECT * FROM harmonia."{table}"')]


def ask_desk(office: Office, text: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{office.environment['HARMONIA_DESK']}?mode=ro", uri=True)) as desk:
        return desk.execute(text).fetchall()


def in_desk(office: Office) -> set[str | None]:
    """Who is in the lists of the console."""
    rows = ask_desk(office, "SELECT name FROM people JOIN fragments USING (fragment)")
    return {person_of(office, name) for (name,) in rows}


def rows_of_desk(office: Office) -> list[tuple[Any, ...]]:
    tables = ask_desk(office, "SELECT name FROM sqlite_master WHERE type = 'table'")
    return [row for (table,) in tables for row in ask_desk(office, f'SELECT * FROM "{table}"')]


def lake_has_everything(office: Office) -> None:
    """Return once each record of `interactions` is in the lake."""
    sent = [*records_of(office.system.deployment.consumer, INTERACTIONS)]
    lake = LocalFiles(Path(office.environment["HARMONIA_LAKE"]))
    until(lambda: len(rows_in_manifests(lake)) == len(sent), "all rows in the lake")


def in_the_lake(office: Office, left: dict[Person, list[Event]], facts: dict[str, Facts], changed: set[str]) -> None:
    """Rows with a person are what stays of them; a snapshot of before has whoever lost nothing since."""
    identifiers = ("named_contact_id", "voter_id", "external", "email", "phone")
    with ask_lake(LocalFiles(Path(office.environment["HARMONIA_LAKE"]))) as lake:
        named = f"coalesce({', '.join(f'{name}::VARCHAR' for name in identifiers)})"
        rows = lake.sql(f"SELECT {named}, source, id, type FROM lake_interactions WHERE {named} IS NOT NULL").fetchall()
        everything = str(lake.sql("SELECT event::VARCHAR, provenance_file FROM lake_interactions").fetchall())
        profiles = lake.sql("SELECT contact_id, profile FROM lake_profiles").fetchall()
    found = {(person_of(office, name), source, id_) for name, source, id_, type_ in rows if type_[:8] != "contact."}
    assert found == {(one.name, event["source"], event["id"]) for one, events in left.items() for event in events}
    assert not [word for word in (STATION, OTHER_STATION) if word in everything]
    kept = {person_of(office, name): facts_in(json.loads(profile)) for name, profile in profiles}
    assert kept == {name: known for name, known in facts.items() if name not in changed}
