"""What would be wrong in silence: another identity key than the workers', or an answer while no worker runs."""

from pathlib import Path

from pydantic import SecretStr

from events.topics import CAMPAIGN_HOLDS
from sinks.keys import KEY_IDS, position_key
from streams.demo.workers import start_workers
from streams.platform.settings import Settings
from tests.integration.command import Ended, harmonia_process, refused
from tests.integration.said import event, fresh
from tests.integration.system import System, environment_of_worker
from tests.integration.terminal import Terminal
from tests.integration.waiting import until
from tests.unit.history.lake.old_files import json_lines

KEY, OTHER = "the key of the workers here", "another key, of somebody else"
WORKER = {"HARMONIA_IDENTITY_KEY": KEY}
ASK = ("--channel", "email", "--purpose", "fundraising")


def key_ids(system: System) -> list[bytes]:
    """The ids of the keys of the worker that wrote last."""
    found = system.deployment.redis.hget(position_key(0, CAMPAIGN_HOLDS), KEY_IDS)
    assert found is None or isinstance(found, bytes)
    return (found or b"").split()


class Somebody(Terminal):
    """At a terminal with one of the keys."""

    def with_key(self, key: str, *words: str, given: bytes | None = None, **more: str) -> Ended:
        where = {"HARMONIA_IDENTITY_KEY": key, "HARMONIA_PROFILES_OLDEST_S": "5", **more}
        return self.run(*words, given=given, where=where)


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
    ada, desk = f"{fresh()}@example.org", Somebody(system, tmp_path)
    system.say("contact.suppressed", {"email": ada})
    mine = tmp_path / "mine.csv"
    mine.write_text(f"email\n{ada}\n")
    audience = mine.read_bytes()
    export = ("suppressions", "export", "--channel", "email")

    def closed() -> bool:
        ended = desk.with_key(KEY, *export, "--match", str(mine))
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
        said = refused(desk.with_key(OTHER, *words, given=given))
        assert "HARMONIA_IDENTITY_KEY is another one than the workers'" in said, words
        assert OTHER not in said
    lake = tmp_path / "lake"
    old = json_lines(tmp_path / "old.jsonl", [event("email.opened", {"email": ada})])
    for more in ((), ("--dry-run",)):
        said = refused(desk.with_key(OTHER, "lake", "import", str(old), *more, HARMONIA_LAKE=str(lake)))
        assert "HARMONIA_IDENTITY_KEY is another one than the workers'" in said
    assert not lake.exists()
    assert desk.with_key(KEY, "lake", "import", str(old), HARMONIA_LAKE=str(lake)).returncode == 0
    examined = desk.with_key(OTHER, "doctor", "--json")
    assert examined.returncode == 1
    assert b"another one than the workers'" in examined.stdout
    assert b"another one than the workers'" not in desk.with_key(KEY, "doctor", "--json").stdout

    for key in (f"{OTHER},{KEY}", KEY):
        ended = desk.with_key(key, "permit", *ASK, given=audience)
        assert ended.returncode == 0, ended.stderr
        assert ada.encode() not in ended.stdout

    system.workers.stop()
    system.say("contact.suppressed", {"email": f"{fresh()}@example.org"})
    until(lambda: desk.with_key(KEY, "permit", *ASK, given=audience).returncode == 1, "a Redis too old")
    said = refused(desk.with_key(KEY, *export))
    assert "profiles_incomplete" in said
    assert "--anyway" in said
    earlier = ("--match", str(mine), "--reopened")
    assert desk.with_key(KEY, *export, *earlier).stdout == b""
    anyway = desk.with_key(KEY, *export, "--anyway")
    assert (anyway.returncode, b"may be missing" in anyway.stderr) == (0, True)
    for words in (
        *(("contact", "export", ada), ("campaigns", "list"), ("hold", "--list"), ("insights", "email.sent")),
        *(("alerts", "list"), ("reservations", "list")),
    ):
        ended = desk.with_key(KEY, *words)
        assert ended.returncode == 0, ended.stderr
        assert b"this may be old or lack something" in ended.stderr, words
