"""A fold whose bug was fixed reaches the past while the system runs: exactly those change who should, and nobody goes
back to what was said of them before."""

import asyncio
import dataclasses
from pathlib import Path
from random import Random

import orjson
import pytest
from kafka import TopicPartition
from typer.testing import CliRunner

from events.topics import CONTACT_STATE, INTERACTIONS
from streams.cli.main import app
from streams.demo.deployment import Deployment, open_deployment
from streams.demo.publishing import publish
from streams.demo.read_back import records_of, versions_in_topic
from streams.demo.truth import Sent
from streams.history.rebuild.builder import Positions, read_positions
from streams.history.rebuild.profile_diff import differences
from streams.history.rebuild.topic_tail import keys_after
from streams.operations.backup.record_files import BackupError
from streams.platform.clients import KafkaClients
from tests.chaos.regions import RIGHT, WRONG
from tests.chaos.sayings import Sayings
from tests.chaos.site import Site
from tests.chaos.test_losing_everything import (
    MORE,
    Key,
    Story,
    a_site,
    a_story,
    define_segment,
    keys_of,
    publishing,
    run,
    until_judged,
    until_right,
)
from tests.integration.command import ended_well
from tests.integration.lake_process import running_lake
from tests.integration.waiting import until

CHANGED = "tests.chaos.changed_fold"


PAUSE_S = 0.2
"""A build begins many processes, so there has to be load for long."""


@pytest.mark.short
def test_a_changed_fold_reaches_the_past_while_the_system_runs(tmp_path: Path, seed: int) -> None:
    with a_site(tmp_path, "one") as site:
        story = a_story(Random(seed), site.deployment)
        then = as_changed(story)
        lake = {"HARMONIA_LAKE": str(tmp_path / "lake"), "HARMONIA_LAKE_FLUSH_S": "1"}
        worker = site.start("worker")
        with running_lake(site.folder, "lake", environment_of(site, lake)):
            publish(site.deployment.producer, story.known, lambda: None)
            define_segment(site)
            until_in_lake(tmp_path / "lake")
            with publishing(site.deployment, story.more, PAUSE_S) as more:
                ended_well(run(site, "rebuild", "build", "built", "--processes", "1", program=CHANGED, **lake))
        kept = keys_of([*story.known, *more])
        assert keys_of(story.known) < kept < keys_of(story.everything), "the load was over: this would show nothing"
        until_right(site.deployment, story, kept)
        compare(site, story, then, kept)
        before = versions_in_topic(site.deployment.consumer)
        worker.stop()
        publish(site.deployment.producer, story.later, lambda: None)
        grown = {"HARMONIA_PARTITIONS": str(MORE)}
        words = ("rebuild", "switch", "built", "--partitions", str(MORE), "--processes", "1")
        ended_well(run(site, *words, program=CHANGED, **grown))
        site.start("changed", grown, program=CHANGED)
        with open_deployment(site.deployment.settings.model_copy(update={"partitions": MORE})) as deployment:
            until_right(deployment, then, kept | keys_of(story.later))
            nobody_went_back(deployment, before)
            recounted = until_judged(deployment)
            assert recounted.members("seen") == len(recounted.latest) > 0
            causes = {change["cause"] for changes in recounted.changes.values() for change in changes}
            assert "recounted" in causes
            assert "defined" not in causes
            what_is_gone_is_missed(deployment, read_positions(site.folder / "built"))


def compare(site: Site, story: Story, then: Story, kept: set[Key]) -> None:
    """Exactly those differ who should, but for those who were heard of since."""
    words = ["rebuild", "compare", str(site.folder / "built"), "--json", "--samples", "1000"]
    ended = CliRunner().invoke(app, words, env=environment_of(site, {}))
    assert ended.exit_code == 3, ended.output
    found = orjson.loads(ended.stdout)
    assert (found["only_running"], found["only_built"]) == (0, 0), found
    assert found["moved_on"]
    now, changed = story.outcome(site.deployment, kept), then.outcome(site.deployment, kept)
    moved = {now.merged.get(key, key) for key in keys_since(site, read_positions(site.folder / "built"))}
    should = {
        (name, each.path)
        for name, profile in now.profiles.items()
        if name not in moved
        for each in differences(profile, changed.profiles[name])
    }
    assert should
    assert {(each["contact_id"], each["field"]) for each in found["samples"]} == should


def nobody_went_back(deployment: Deployment, before: dict[bytes, int]) -> None:
    """Of no contact a reader of `contact-state`, from its beginning, finds a version that is not larger."""
    last = dict(before)
    for record in records_of(deployment.consumer, CONTACT_STATE):
        version = int(dict(record.headers)["version"])
        assert version > last.get(record.key, 0), record.key
        last[record.key] = version
    assert all(last[key] > version for key, version in before.items())


def what_is_gone_is_missed(deployment: Deployment, built: Positions) -> None:
    """Where the topic lacks what came behind what was built, nothing is told of it, and so nothing switched to."""
    admin = KafkaClients(deployment.settings).admin()
    try:
        admin.delete_records({TopicPartition(INTERACTIONS, 0): built.folded[0] + 1})
    finally:
        admin.close()
    with pytest.raises(BackupError, match="was deleted"):
        asyncio.run(keys_after(deployment.settings, built.folded, lambda _: None))


def as_changed(story: Story) -> Story:
    """The same with what the changed fold makes of it."""
    records = {name: [_changed(sent) for sent in said] for name, said in story.said.records.items()}
    return dataclasses.replace(story, said=Sayings(story.said.publications, records, story.said.who))


def _changed(sent: Sent) -> Sent:
    if sent.contact.get("region") != WRONG:
        return sent
    return dataclasses.replace(sent, contact={**sent.contact, "region": RIGHT})


def keys_since(site: Site, positions: Positions) -> set[str]:
    """Whom `interactions` speaks of behind what was built."""
    records = records_of(site.deployment.consumer, INTERACTIONS)
    return {each.key.decode() for each in records if each.offset >= positions.folded[each.partition]}


def environment_of(site: Site, lake: dict[str, str]) -> dict[str, str]:
    """For the process that fills the lake."""
    own = site.deployment.settings
    servers = {"KAFKA_BOOTSTRAP": own.kafka_bootstrap, "REDIS_URL": own.redis_url}
    return {**servers, "HARMONIA_APP_ID": own.app_id, "HARMONIA_PARTITIONS": str(own.partitions), **lake}


def until_in_lake(lake: Path) -> None:
    """Something is: how much does not matter, the rest is in the topic."""
    until(lambda: lake.is_dir() and any(lake.rglob("interactions/**/*.parquet")), "rows in the lake")
