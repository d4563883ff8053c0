"""What would be wrong in silence: another identity key than the workers', or an answer while no worker runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from redis import Redis

from events.topics import CAMPAIGN_HOLDS
from sinks.keys import KEY_IDS, position_key
from streams.demo.workers import start_workers
from streams.local.stack import Stack
from streams.platform.settings import Settings
from tests.integration.command import Ended, harmonia, harmonia_process, on, refused
from tests.integration.said import event, fresh, structured
from tests.integration.system import System, environment_of_worker, running_system
from tests.integration.waiting import until
from tests.unit.history.lake.old_files import json_lines

KEY, OTHER = "the key of the workers here", "another key, of somebody else"
ASK = ("--channel", "email", "--purpose", "fundraising")


@pytest.fixture(scope="module")
def system(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with Redis.from_url(stack.redis_url) as redis:
        forget_workers_key(redis)
        with running_system(stack, tmp_path_factory.mktemp("worker"), HARMONIA_IDENTITY_KEY=KEY) as running:
            yield running
        forget_workers_key(redis)


def forget_workers_key(redis: Redis) -> None:
    """Let workers with another key start, as an operator does whose old key is lost: other tests have their own."""
    redis.hdel(position_key(0, CAMPAIGN_HOLDS), KEY_IDS)


def key_ids(system: System) -> list[bytes]:
    """The ids of the keys of the worker that wrote last."""
    found = system.deployment.redis.hget(position_key(0, CAMPAIGN_HOLDS), KEY_IDS)
    assert found is None or isinstance(found, bytes)
    return (found or b"").split()


def run(
    system: System, folder: Path, key: str, *words: str, given: bytes | None = None, lake: Path | None = None
) -> Ended:
    more = {} if lake is None else {"HARMONIA_LAKE": str(lake)}
    environment = on(system.stack, HARMONIA_IDENTITY_KEY=key, HARMONIA_PROFILES_OLDEST_S="5", **more)
    return harmonia(folder, *words, environment=environment, given=given)


def test_a_worker_with_another_key_is_refused_and_one_that_knows_the_old_key_as_well_is_not(
    system: System, tmp_path: Path
) -> None:
    until(lambda: key_ids(system) or None, "the ids of the workers' key")
    environment = environment_of_worker(system.stack, tmp_path, HARMONIA_IDENTITY_KEY=OTHER)
    for words in (("worker",), ("worker", "--processes", "2")):
        said = refused(harmonia_process(tmp_path, *words, environment=environment))
        assert "HARMONIA_IDENTITY_KEY is another one than the workers'" in said
        assert "(new,old)" in said
        assert OTHER not in said
    changed = environment_of_worker(system.stack, tmp_path, HARMONIA_IDENTITY_KEY=f"{OTHER},{KEY}")
    own = Settings(_env_file=None, identity_key=SecretStr(KEY)).key_ids
    start_workers(changed, tmp_path / "changed.log").stop()
    until(lambda: [each.decode() for each in key_ids(system)] == own, "the first worker to write its own ids again")


def test_nobody_is_open_by_another_key_and_nothing_is_exported_while_no_worker_runs(
    system: System, tmp_path: Path
) -> None:
    ada = f"{fresh()}@example.org"
    system.deployment.producer.send("contact-commands", structured(event("contact.suppressed", {"email": ada}))[0]).get(
        30
    )
    mine = tmp_path / "mine.csv"
    mine.write_text(f"email\n{ada}\n")
    audience = mine.read_bytes()
    export = ("suppressions", "export", "--channel", "email")

    def closed() -> bool:
        ended = run(system, tmp_path, KEY, *export, "--match", str(mine))
        return ended.returncode == 0 and ada.encode() in ended.stdout

    until(closed, "the suppression")
    commands = {
        ("permit", *ASK): audience,
        ("permit", "check", ada, *ASK): None,
        ("contact", "show", ada): None,
        ("contact", "export", ada): None,
        ("contact", "suppress", ada, "--anyway", "--no-wait"): None,
        ("reservations", "release", ada): None,
        (*export, "--match", str(mine)): None,
        ("assign", "subject-7"): audience,
    }
    for words, given in commands.items():
        said = refused(run(system, tmp_path, OTHER, *words, given=given))
        assert "HARMONIA_IDENTITY_KEY is another one than the workers'" in said, words
        assert OTHER not in said
    lake = tmp_path / "lake"
    old = json_lines(tmp_path / "old.jsonl", [event("email.opened", {"email": ada})])
    for more in ((), ("--dry-run",)):
        said = refused(run(system, tmp_path, OTHER, "lake", "import", str(old), *more, lake=lake))
        assert "HARMONIA_IDENTITY_KEY is another one than the workers'" in said
    assert not lake.exists()
    assert run(system, tmp_path, KEY, "lake", "import", str(old), lake=lake).returncode == 0
    examined = run(system, tmp_path, OTHER, "doctor", "--json")
    assert examined.returncode == 1
    assert b"another one than the workers'" in examined.stdout
    assert b"another one than the workers'" not in run(system, tmp_path, KEY, "doctor", "--json").stdout

    for key in (f"{OTHER},{KEY}", KEY):
        ended = run(system, tmp_path, key, "permit", *ASK, given=audience)
        assert ended.returncode == 0, ended.stderr
        assert ada.encode() not in ended.stdout

    system.workers.stop()
    bob = f"{fresh()}@example.org"
    system.deployment.producer.send("contact-commands", structured(event("contact.suppressed", {"email": bob}))[0]).get(
        30
    )
    until(lambda: run(system, tmp_path, KEY, "permit", *ASK, given=audience).returncode == 1, "a Redis too old")
    said = refused(run(system, tmp_path, KEY, *export))
    assert "profiles_incomplete" in said
    assert "--anyway" in said
    earlier = ("--match", str(mine), "--reopened")
    assert run(system, tmp_path, KEY, *export, *earlier).stdout == b""
    anyway = run(system, tmp_path, KEY, *export, "--anyway")
    assert (anyway.returncode, b"may be missing" in anyway.stderr) == (0, True)
    for words in (
        *(("contact", "export", ada), ("campaigns", "list"), ("hold", "--list"), ("insights", "email.sent")),
        *(("alerts", "list"), ("reservations", "list")),
    ):
        ended = run(system, tmp_path, KEY, *words)
        assert ended.returncode == 0, ended.stderr
        assert b"this may be old or lack something" in ended.stderr, words
