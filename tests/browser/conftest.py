from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from events.console_acts import CONSOLE_ACTS
from sinks.lake.files import LocalFiles
from sinks.lake.writer import LakeWriter
from streams.domain.pressure import default_policy_text
from streams.local.stack import ExistingServers, Stack, local_stack
from streams.platform.settings import Settings
from tests.browser.chromium import chromium_or_skip
from tests.browser.console_site import ConsoleSite, running_console, tell_of_people
from tests.browser.desk_console import DeskReaders
from tests.browser.experiment_data import tell_of_an_experiment
from tests.browser.reader import PATIENCE_MS, WIDE, Reader, reader_of
from tests.contract.redis_server import RedisServer
from tests.integration.command import on
from tests.integration.follow_process import following
from tests.integration.system import running_system
from tests.unit.history.lake.topic_records import TOPIC_ID, topic_record

Readers = Callable[..., Reader]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = chromium_or_skip()
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with local_stack(tmp_path_factory.mktemp("stack"), ExistingServers.of(Settings())) as running:
        yield running


@pytest.fixture(scope="session")
def site(browser: Browser, stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleSite]:
    """A console with people of a deployment; without a browser nothing is started."""
    folder = tmp_path_factory.mktemp("site")
    with running_system(stack, folder) as system:
        people = tell_of_people(system)
        tell_of_an_experiment(system)
        with running_console(system, folder) as console:
            console.people.update(people)
            yield console


@pytest.fixture(scope="session")
def acting(site: ConsoleSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleSite]:
    """Another console of the same people: it allows every act, has a desk that is followed, a policy and a lake."""
    folder = tmp_path_factory.mktemp("acting")
    desk, policy, lake = folder / "desk.sqlite", folder / "policy.toml", folder / "lake"
    policy.write_text(default_policy_text())
    sent = [topic_record(number, "email.sent", message_id=f"m{number}") for number in range(3)]
    LakeWriter(LocalFiles(lake), TOPIC_ID).write(0, 0, len(sent) - 1, sent)
    with (
        following(folder, "follow", on(site.system.stack, HARMONIA_METRICS_PORT="0", HARMONIA_DESK=str(desk))),
        running_console(
            site.system,
            folder,
            HARMONIA_CONSOLE_MAY=" ".join(CONSOLE_ACTS),
            HARMONIA_DESK=str(desk),
            HARMONIA_POLICY=str(policy),
            HARMONIA_LAKE=str(lake),
        ) as console,
    ):
        console.people.update(site.people)
        yield console


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[RedisServer]:
    """For consoles in this process."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def readers(browser: Browser) -> Iterator[DeskReaders]:
    found = DeskReaders(browser)
    yield found
    for one in found.opened:
        one.context.close()
    assert [wrong for one in found.opened for wrong in one.wrong] == []


@pytest.fixture
def reader(browser: Browser, site: ConsoleSite) -> Iterator[Readers]:
    """Opens browser contexts; at the end of the test nothing may have gone wrong in any."""
    site.forget_tries()
    opened: list[Reader] = []

    def open_one(name: str = "", size: tuple[int, int] = WIDE, url: str = "", **options: Any) -> Reader:
        one = reader_of(browser, url or site.url, size, **options)
        opened.append(one)
        if name:
            one.sign_in(name)
        return one

    yield open_one
    for one in opened:
        one.context.close()
    assert [wrong for one in opened for wrong in one.wrong] == []
