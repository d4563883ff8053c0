"""One command of each group as a process of its own, as it is installed; other tests run commands in their process."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from streams.cli.main import app
from streams.demo.deployment import open_deployment
from streams.local.stack import Stack
from tests.integration.command import Ended, harmonia, harmonia_process, on
from tests.integration.system import settings_of

NOBODY = "nobody@example.org"
COMMANDS: dict[str, tuple[str, ...]] = {
    "local": ("down",),
    "topics": ("describe", "--json"),
    "console": ("follow",),
    "lake": ("snapshot",),
    "sink": ("postgres",),
    "deliveries": ("list",),
    "rebuild": ("build", "nowhere"),
    "contact": ("show", NOBODY),
    "retention": ("report", "--inactive"),
    "rights": ("list", "--all"),
    "register": ("export", "--language", "fr"),
    "dead-letters": ("list", "--last", "1"),
    "permit": ("check", NOBODY, "--channel", "email"),
    "reservations": ("list",),
    "alerts": ("list",),
    "campaigns": ("list",),
    "policy": ("show",),
    "experiments": ("definitions",),
    "segments": ("list",),
    "report": ("daily", "--date", "2012-02-22"),
    "suppressions": ("export", "--channel", "email"),
    "audience": ("export", "segment:none", "--for", "online_ads", "--team", "digital"),
    "vendors": ("sync", "sendgrid", "--what", "suppressions"),
    "schemas": ("export", "schemas"),
}
AT_ONCE = 3
_CLOCK = re.compile(rb"\b\d\d:\d\d\b")
"""Pages say at what minute they were written."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("terminal")


@pytest.fixture(scope="module")
def processes(stack: Stack, folder: Path) -> dict[str, Ended]:
    """By group how its command has ended."""
    with open_deployment(settings_of(stack)):
        pass  # topics are there now

    def run(group: str) -> Ended:
        return harmonia_process(folder, group, *COMMANDS[group], environment=on(stack))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(COMMANDS, pool.map(run, COMMANDS), strict=True))


def test_each_group_of_commands_has_one_that_is_run_as_a_process() -> None:
    assert [*COMMANDS] == [group.name for group in app.registered_groups]


@pytest.mark.parametrize("group", COMMANDS)
def test_a_command_prints_as_a_process_what_it_prints_in_the_process_of_a_test(
    processes: dict[str, Ended], stack: Stack, folder: Path, group: str
) -> None:
    here = harmonia(folder, group, *COMMANDS[group], environment=on(stack))
    assert outcome(processes[group]) == outcome(here)
    assert here.stdout + here.stderr
    assert b"Traceback" not in here.stderr


def outcome(ended: Ended) -> tuple[int, bytes, bytes]:
    return ended.returncode, _CLOCK.sub(b"minute", ended.stdout), _CLOCK.sub(b"minute", ended.stderr)
