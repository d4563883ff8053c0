"""Who nears a giving limit is shown to whom that is allowed, who has said why, and whose look is written down."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

import streams.services.console as room
from events.outputs import AuditRecord
from sinks.lookup import Lookup
from sinks.reservations import Reservations
from streams.domain.pressure import Policy, default_policy_text, read_policy
from streams.platform.settings import Settings
from streams.services.console.dependencies import ConsoleDependencies
from streams.services.console.desk_access import DeskReader
from streams.services.console.live import Hub
from streams.services.console.metrics import ConsoleMetrics
from streams.services.console.observer import LookAt, StatusObserver
from streams.services.console.page import PageRequest
from streams.services.console.pages.money import MONEY
from streams.services.console.people import People
from streams.services.console.rights import Viewer
from streams.services.console.roles import Role
from streams.services.console.views import Views
from streams.services.console.words import Words
from streams.services.permission.audit_log import AuditLog, AuditUnavailable
from streams.services.permission.decisions import PermissionJudge
from tests.unit.services.console.evening import LIMITS, NOW, fill_evening

[GIVERS] = [block for block in MONEY.blocks if block.id == "givers"]


class Written(AuditLog):
    """Remembers what is to be written; refuses it where `is_away`."""

    def __init__(self) -> None:
        super().__init__(_no_producer, lambda _: None, lambda: None)
        self.is_away = False
        self.records: list[AuditRecord] = []

    async def write(self, record: AuditRecord) -> None:
        if self.is_away:
            raise AuditUnavailable
        self.records.append(record)


class Site:
    """The page of money on the desk of an evening."""

    def __init__(self, folder: Path) -> None:
        fill_evening(folder / "desk.sqlite")
        settings, self.written, self._redis = Settings(), Written(), Redis()
        self._metrics = ConsoleMetrics(CollectorRegistry())
        lookup = Lookup(self._redis, 15)
        self._desk = DeskReader(folder / "desk.sqlite")
        self._deps = ConsoleDependencies(
            settings=settings,
            redis=self._redis,
            people=People({}),
            clock=lambda: NOW,
            wall=lambda: NOW,
            metrics=self._metrics,
            observer=StatusObserver(LookAt(settings)),
            lookup=lookup,
            judge=PermissionJudge(lookup, Reservations(self._redis), _policy, lambda: NOW, _reserve_nobody),
            views=Views(self.written, lambda: NOW),
            desk=self._desk,
        )

    async def shown(self, *roles: Role, reason: str = "task") -> str:
        asked = PageRequest(Viewer("tess", frozenset(roles)), Words("en"), NOW, {}, self._deps, reason)
        return (await Hub(self._metrics).block(MONEY, GIVERS, asked)).html

    async def close(self) -> None:
        self._desk.close()
        await self._redis.aclose()


def _no_producer() -> AIOKafkaProducer:
    raise AssertionError("nothing is sent")


async def _reserve_nobody(_: int) -> None:
    raise AssertionError("nobody is reserved")


def _policy() -> Policy:
    found = read_policy(default_policy_text().replace("[giving.limits]", LIMITS))
    assert isinstance(found, Policy)
    return found


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    made = Site(tmp_path)
    yield made
    await made.close()


async def test_whoever_is_shown_is_in_the_audit_log_with_the_reason(site: Site) -> None:
    shown = await site.shown("treasury")
    assert "over by $100.00" in shown
    [record] = site.written.records
    assert (record["viewer"], record["reason"]) == ("tess", "task")
    named = [answer["contact_id"] for answer in record["answers"]]
    assert len(named) >= 4
    assert all(f">{name}</a>" in shown for name in named)
    assert shown.count('href="/people/') >= len(named)


async def test_without_a_reason_or_the_role_nobody_is_named(site: Site) -> None:
    assert "Why do you look?" in await site.shown("treasury", reason="")
    assert "/people/" not in await site.shown("treasury", reason="")
    assert "/people/" not in await site.shown("figures", "field", "sending")
    assert not site.written.records


async def test_where_kafka_does_not_take_the_record_nobody_is_named(site: Site) -> None:
    site.written.is_away = True
    assert "/people/" not in await site.shown("treasury")


def test_no_live_block_of_money_names_anybody() -> None:
    live = [block.template for block in MONEY.blocks if block.every_s]
    folder = Path(room.__file__).parent / "templates"
    assert not [name for name in live if "contact_id" in (folder / name).read_text(encoding="utf-8")]
