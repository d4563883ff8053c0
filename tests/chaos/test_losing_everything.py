"""The drill: brokers and Redis are gone, a backup that was taken under load is all that is left, and everybody is back.

Nobody but the backup is asked first: whatever it says to hold has to come out. Then producers send again what it lacks,
and more than that, as they would; and at last the partitions grow.
"""

import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TypeVar

import orjson
import pytest

from events.identifiers import is_identity_hash
from events.topics import (
    CAMPAIGN_TRANSPARENCY,
    CONTACT_LINKS,
    CONTACT_STATE,
    CONTACT_SUPPRESSIONS,
    EXPERIMENT_DEFINITIONS,
    INTERACTIONS,
)
from streams.cli.experiments import KnownDefinitions
from streams.demo.check import compare_profiles
from streams.demo.deployment import Deployment, open_deployment
from streams.demo.encoding import attributes, body, encode, key
from streams.demo.publishing import publish
from streams.demo.read_back import profiles_in_redis, records_of, versions_in_redis
from streams.demo.source_system import SourceSystem, TimeFormat
from streams.demo.truth import ContactFields, Publication, Sent
from streams.domain.advertising.transparency import latest_records
from streams.engine.decoded_states import BESIDE
from streams.local.stack import local_stack
from streams.operations.backup.manifest import Manifest, read_manifest
from streams.platform.clients import KafkaClients
from streams.platform.topic_reading import records_of as records_in
from streams.platform.topics import CONTACTS_TABLE, changelog_name
from streams.services.rights_desk.log import read_desk
from streams.worker.agents.segments.registry import DEFINITIONS
from tests.chaos.people import people
from tests.chaos.sayings import FIRST, LAST, Outcome, Sayings, sayings
from tests.chaos.site import Site, open_site
from tests.chaos.test_people import _standing, index_in_redis, merged_in_redis, unlike
from tests.chaos.verdict import _parts_of_nobody, latest_in, profiles_in, table_of
from tests.integration.command import COMMAND, Ended, ended_well, harmonia_process, refused
from tests.integration.members import Told, told
from tests.integration.waiting import until

PEOPLE, COUPLES, SAID = 200, 10, 2_000
ERASED, LATER = 12, 200
SLICE, PAUSE_S = 5, 0.05
MORE = 6
"""Partitions, in the place of four."""


Key = tuple[str, str]
Value = TypeVar("Value")


@dataclass(frozen=True)
class Story:
    """`known`: what tells who is who, and those who will be erased; `more` comes while the backup is taken.

    `later`: once there are more partitions.
    """

    said: Sayings
    known: list[Publication]
    more: list[Publication]
    later: list[Publication]
    erasures: dict[str, Publication]

    @property
    def everything(self) -> list[Publication]:
        """But for what comes later; erasures last."""
        erasures = [*self.erasures.values()]
        return [*self.known, *(one for one in self.more if one not in erasures), *erasures]

    def outcome(self, deployment: Deployment, kept: set[Key]) -> Outcome:
        """What has to come out of the interactions of these keys."""
        records = {
            name: [sent for sent in said if (sent.source, sent.id) in kept] for name, said in self.said.records.items()
        }
        return Sayings(self.said.publications, records, self.said.who).outcome(deployment.identify)


@pytest.mark.short
def test_when_everything_is_lost_a_backup_brings_everybody_back(tmp_path: Path, seed: int) -> None:
    with ExitStack() as first:
        site = first.enter_context(a_site(tmp_path, "first"))
        story = a_story(Random(seed), site.deployment)
        site.start("worker")
        publish(site.deployment.producer, story.known, lambda: None)
        until_right(site.deployment, story, keys_of(story.known))
        define(site, "kept")
        define_segment(site)
        ended_well(run(site, "rights", "open", "access", "nobody-17", "--anyway"))
        pay_for_ads(site, "900")
        pay_for_ads(site, "1200")
        ended_well(run(site, "backup", "--erasures", "gone.jsonl"))  # nobody was yet
        with publishing(site.deployment, story.more):
            ended_well(run(site, "backup", "copy"))
        kept = in_backup(site.deployment, read_manifest(site.folder / "copy"))
        assert keys_of(story.known) < kept < keys_of(story.everything), "the load was over: this would show nothing"
        before = versions_in_redis(site.deployment.redis, [name.encode() for name in of_backup(story, site, kept)])
    shutil.rmtree(tmp_path / "first" / "home")

    with a_site(tmp_path, "second") as site:
        backup = str(tmp_path / "first" / "copy")
        ended_well(run(site, "restore", backup, "--erasures", str(tmp_path / "first" / "gone.jsonl")))
        assert defined_in(site.deployment) == [{"kept"}] * site.deployment.settings.partitions
        assert segments_in_table(site.deployment) == [{"seen"}] * site.deployment.settings.partitions
        assert [one.kind for one in read_desk(site.deployment.settings).requests.values()] == ["access"]
        assert paid_for_ads(site) == [90_000, 120_000]
        site.start("worker")
        until_right(site.deployment, story, kept)
        recounted = until_judged(site.deployment)
        assert recounted.members("seen") == len(recounted.latest) > 0
        causes = {change["cause"] for changes in recounted.changes.values() for change in changes}
        assert causes >= {"recounted"}
        assert causes <= {"recounted", "interaction", "link", "merged", "erased"}  # what waited in the backup came too
        after = versions_in_redis(site.deployment.redis, before)
        assert after.keys() == before.keys()
        assert all(after[name] > before[name] for name in before)

        publish(site.deployment.producer, story.everything, lambda: None)
        until_right(site.deployment, story, keys_of(story.everything))
        site.stop_workers()
        grow(site, story)


def pay_for_ads(site: Site, amount: str) -> None:
    """Write down what the ads of a campaign cost by now."""
    money = ("--amount", amount, "--currency", "EUR", "--begins", "2026-02-01", "--ends", "2026-03-14")
    who = ("--sponsor", "List 2026", "--contact", "office@example.org", "--by", "finance/ada")
    ended_well(run(site, "campaigns", "transparency", "set", "ads-3", *money, *who))


def paid_for_ads(site: Site) -> list[int]:
    """What the ads of the campaign cost, by each version of its record."""
    with closing(KafkaClients(site.deployment.settings).tool_consumer()) as consumer:
        written = records_in(consumer, CAMPAIGN_TRANSPARENCY)
        versions = latest_records(record.value for record in written)["ads-3"]
    return [version["amount"] for version in versions]


def grow(site: Site, story: Story) -> None:
    """As docs/recovery.md says."""
    ended_well(run(site, "backup", "drained"))
    pay_for_ads(site, "1500")
    define(site, "later")
    ended_well(run(site, "experiments", "withdraw", "kept"))
    words = ("restore", "drained", "--partitions", str(MORE))
    assert "--replace" in refused(run(site, *words, HARMONIA_PARTITIONS=str(MORE)))
    ended_well(run(site, *words, "--replace", HARMONIA_PARTITIONS=str(MORE)))
    settings = site.deployment.settings.model_copy(update={"partitions": MORE})
    with open_deployment(settings) as grown:
        assert paid_for_ads(site) == [90_000, 120_000, 150_000], "each once, and what was written since the backup"
        assert defined_in(grown) == [{"later"}] * MORE, "what was said since the backup counts, in new partitions too"
        site.start("grown", {"HARMONIA_PARTITIONS": str(MORE)})
        until_right(grown, story, keys_of(story.everything))
        publish(grown.producer, story.later, lambda: None)
        until_right(grown, story, keys_of([*story.everything, *story.later]))


def define(site: Site, name: str) -> None:
    (site.folder / f"{name}.toml").write_text(f'[[experiment]]\nid = "{name}"\nvariants = {{ a = 1, b = 1 }}\n')
    ended_well(run(site, "experiments", "define", f"{name}.toml"))


def define_segment(site: Site) -> None:
    """One that everybody is in, of whom anything was ever heard."""
    (site.folder / "seen.toml").write_text('[[segment]]\nid = "seen"\nnone = [{ gifts = "count", at_least = 999 }]\n')
    ended_well(run(site, "segments", "define", "seen.toml"))


def until_judged(deployment: Deployment) -> Told:
    """What is told of segments, once everybody is judged; it agrees."""
    settings = deployment.settings

    def look() -> Told | None:
        found = told(settings)
        return found if found.is_complete("seen", settings.partitions) else None

    found = until(look, "everybody is judged")
    found.agree()
    return found


def defined_in(deployment: Deployment) -> list[set[str]]:
    """What each partition says of experiments."""
    kept: dict[int, KnownDefinitions] = {number: KnownDefinitions() for number in range(deployment.settings.partitions)}
    for record in records_of(deployment.consumer, EXPERIMENT_DEFINITIONS):
        kept[record.partition].take(record.key, record.value)
    return [{*planned.definitions} for planned in kept.values()]


def segments_in_table(deployment: Deployment) -> list[set[str]]:
    """The segments that each partition of the table says to be defined."""
    found: list[set[str]] = [set() for _ in range(deployment.settings.partitions)]
    begins = BESIDE + DEFINITIONS
    for record in records_of(deployment.consumer, changelog_name(deployment.settings, CONTACTS_TABLE)):
        if record.key.startswith(begins):
            found[record.partition].add(record.key[len(begins) :].decode())
    return found


@contextmanager
def a_site(tmp_path: Path, name: str) -> Iterator[Site]:
    """Servers of its own."""
    home, folder = tmp_path / name / "home", tmp_path / name
    with local_stack(home) as stack, open_site(home, stack, folder) as site:
        yield site


def run(site: Site, *words: str, program: str = COMMAND, **settings: str) -> Ended:
    own = site.deployment.settings
    environment = {
        "KAFKA_BOOTSTRAP": own.kafka_bootstrap,
        "REDIS_URL": own.redis_url,
        "HARMONIA_APP_ID": own.app_id,
        "HARMONIA_PARTITIONS": str(own.partitions),
        **settings,
    }
    return harmonia_process(site.folder, *words, environment=environment, program=program)


def a_story(rng: Random, deployment: Deployment) -> Story:
    said = sayings(rng, people(rng, PEOPLE, COUPLES), SAID, deployment.identify)
    known = [one for one in said.publications if tells_who(one)]
    more = [one for one in said.publications if not tells_who(one)]
    erasures = {}
    for number in range(ERASED):
        contact: ContactFields = {"contact_id": f"gone-{number}", "email": f"gone.{number}@example.com"}
        only_mail: ContactFields = {"email": f"gone.{number}@example.com"}
        known += [form(rng, contact), form(rng, only_mail)]
        erasures[f"gone-{number}"] = command(rng, {"contact_id": f"gone-{number}"})
    for place, erasure in enumerate(erasures.values()):
        more.insert(LATER + place * 20, erasure)
    return Story(said, known, more[LATER:], more[:LATER], erasures)


@contextmanager
def publishing(
    deployment: Deployment, publications: Sequence[Publication], pause_s: float = PAUSE_S
) -> Iterator[list[Publication]]:
    """A few at a time, for the length of a block; in the list are those that were.

    The second half comes ten times slower, so that something is to come still where the block takes long.
    """
    published: list[Publication] = []
    done = threading.Event()
    failures: list[BaseException] = []

    def go() -> None:
        try:
            for start in range(0, len(publications), SLICE):
                if done.wait(pause_s if start < len(publications) // 2 else 10 * pause_s):
                    return
                some = publications[start : start + SLICE]
                publish(deployment.producer, some, lambda: None)
                published.extend(some)
        except BaseException as failure:  # noqa: BLE001 - told to the test
            failures.append(failure)

    thread = threading.Thread(target=go)
    thread.start()
    try:
        yield published
    finally:
        done.set()
        thread.join()
    assert not failures


def keys_of(publications: Sequence[Publication]) -> set[Key]:
    return {(one.sent.source, one.sent.id) for one in publications}


def in_backup(deployment: Deployment, manifest: Manifest) -> set[Key]:
    """The interactions that the backup says to hold."""
    records = records_of(deployment.consumer, INTERACTIONS)
    held = [orjson.loads(each.value) for each in records if each.offset < manifest.interactions[each.partition]]
    return {(each["source"], each["id"]) for each in held}


def of_backup(story: Story, site: Site, kept: set[Key]) -> list[str]:
    return [*story.outcome(site.deployment, kept).profiles]


def until_right(deployment: Deployment, story: Story, kept: set[Key]) -> None:
    """Return once everybody is as these interactions say. Raises `AssertionError` with what is wrong."""
    found = ["nothing has come to rest yet"]
    before: list[object] = []

    def look() -> bool:
        """Once nothing moves: reading everything takes long, and keeps the worker from its work."""
        now = _standing(deployment)
        if now == before:
            found[:] = wrongs(deployment, story, kept)
        before[:] = now
        return not found

    try:
        until(look, "everybody as they must be")
    except TimeoutError as late:
        raise AssertionError(f"{len(found)} wrong, the first:\n" + "\n".join(found[:20])) from late


def wrongs(deployment: Deployment, story: Story, kept: set[Key]) -> list[str]:
    outcome, table = story.outcome(deployment, kept), table_of(deployment)
    gone = names_of_the_erased(deployment)
    suppressed = latest_in(deployment, CONTACT_SUPPRESSIONS)
    shown = latest_in(deployment, CONTACT_STATE)
    links = {key: str(each["merged_into"]) for key, each in latest_in(deployment, CONTACT_LINKS).items()}
    index = {name: name for name in outcome.profiles if is_identity_hash(name)}
    index |= {name: roof for name, roof in outcome.merged.items() if is_identity_hash(name)}
    return [
        *map(str, compare_profiles(outcome.profiles, without(gone, profiles_in(table)), "table")),
        *map(str, compare_profiles(outcome.profiles, without(gone, shown), CONTACT_STATE)),
        *map(str, compare_profiles(outcome.profiles, without(gone, profiles_in_redis(deployment.redis)), "redis")),
        *map(str, compare_profiles(outcome.closed, without(gone, suppressed), CONTACT_SUPPRESSIONS)),
        *unlike(CONTACT_LINKS, outcome.merged, without(gone, links)),
        *unlike("redis, merged_into", outcome.merged, without(gone, merged_in_redis(deployment))),
        *unlike("redis, identity", index, without(gone, index_in_redis(deployment))),
        *_parts_of_nobody(table),
        *wrongly_erased(deployment, story, kept),
    ]


def wrongly_erased(deployment: Deployment, story: Story, kept: set[Key]) -> Iterator[str]:
    """Whoever was erased is gone under every name; nobody else is."""
    in_redis, suppressed = profiles_in_redis(deployment.redis), latest_in(deployment, CONTACT_SUPPRESSIONS)
    shown = latest_in(deployment, CONTACT_STATE)
    for number, (name, erasure) in enumerate(story.erasures.items()):
        is_erased = bool(keys_of([erasure]) & kept)
        mail = deployment.identify({"email": f"gone.{number}@example.com"})
        there = [each for each in (name, mail) for held in (in_redis, shown) if each in held]
        if there != ([] if is_erased else [name, name]):
            yield f"{name} is erased: {is_erased}, and there are {there}"
        if is_erased != ("erased" in str(suppressed.get(name))):
            yield f"{name} is erased: {is_erased}, and closed is {suppressed.get(name)}"


def names_of_the_erased(deployment: Deployment) -> set[str]:
    mails = [deployment.identify({"email": f"gone.{number}@example.com"}) for number in range(ERASED)]
    return {*mails, *(f"gone-{number}" for number in range(ERASED))}


def without(names: set[str], found: Mapping[str, Value]) -> dict[str, Value]:
    return {name: each for name, each in found.items() if name not in names}


def tells_who(one: Publication) -> bool:
    contact = one.sent.contact
    return len([name for name in contact if name != "region"]) != 1


def form(rng: Random, contact: ContactFields) -> Publication:
    voice = SourceSystem(rng, "volunteers/desk", "outreach-events", TimeFormat.MILLISECONDS)
    return publication(rng, voice.say("form.submitted", FIRST, contact, {"form_id": "gone"}).sent)


def command(rng: Random, contact: ContactFields) -> Publication:
    voice = SourceSystem(rng, "office/gone", "contact-commands", TimeFormat.MILLISECONDS)
    return publication(rng, voice.say("contact.erased", LAST, contact, {}).sent)


def publication(rng: Random, sent: Sent) -> Publication:
    value, headers = encode(attributes(sent), body(sent), rng)
    return Publication(sent.topic, key(sent, rng), value, headers, sent, "first", False, None)
