"""Puts a run together: which vendor, by which key, what is brought in line, and where Redis is."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from pydantic import SecretStr

from events.channels import LimitedPurpose
from sinks.lookup import Lookup
from sinks.segment_lookup import SegmentsReader
from streams.domain.vendors.tags import tag_of
from streams.platform.clients import redis_client
from streams.platform.errors import Unusable, WrongSetting
from streams.platform.policy_file import policy_of
from streams.platform.settings import Settings
from streams.services.vendors import actionnetwork, sendgrid
from streams.services.vendors.actionnetwork import ActionNetwork, actionnetwork_api
from streams.services.vendors.journal import FOLDER, SyncJournal
from streams.services.vendors.judging import Memberships, PeopleJudge
from streams.services.vendors.names import VendorName
from streams.services.vendors.sendgrid import SendGrid, sendgrid_api
from streams.services.vendors.sync import SyncOrder, SyncResult, VendorSync
from streams.services.vendors.vendor_http import VendorApi, VendorClock, WallClock, vendor_http


class SyncTask(NamedTuple):
    """What is brought in line at which vendor; `segment` None: suppressions. `purpose`: what its members are sent."""

    vendor: VendorName
    segment: str | None
    purpose: LimitedPurpose | None = None

    @property
    def name(self) -> str:
        """A name for files."""
        return f"{self.vendor}-suppressions" if self.segment is None else f"{self.vendor}-segment-{self.segment}"


@dataclass(frozen=True, slots=True)
class SyncSurroundings:
    """What a run is told of on its way. `told`: takes what is being done; `goes_on`: is called where it goes on."""

    told: Callable[[str], object]
    goes_on: Callable[[], object]
    clock: VendorClock


def surroundings(told: Callable[[str], object], goes_on: Callable[[], object]) -> SyncSurroundings:
    """Those of a run by the machine's time."""
    return SyncSurroundings(told, goes_on, WallClock())


def api_of(settings: Settings, vendor: VendorName) -> VendorApi:
    """How a vendor is called by the settings. Raises `WrongSetting` where there is no key."""
    if vendor == "actionnetwork":
        key = _key(settings.actionnetwork_key, actionnetwork.SETTING)
        return actionnetwork_api(settings.actionnetwork_url, key)
    return sendgrid_api(settings.sendgrid_url, _key(settings.sendgrid_key, sendgrid.SETTING))


def _key(given: SecretStr | None, setting: str) -> str:
    key = "" if given is None else given.get_secret_value().strip()
    if not key:
        raise WrongSetting(f"{setting} is not set: give an API key, best in a file that {setting}_FILE names")
    if not (key.isascii() and key.isprintable()):
        raise WrongSetting(f"{setting} holds signs that no API key has: give the key alone")
    return key


async def run_sync(settings: Settings, task: SyncTask, order: SyncOrder, around: SyncSurroundings) -> SyncResult:
    """Run it. Raises `EngineError` that says what to do, and SinkUnavailable; then the next run goes on."""
    api = api_of(settings, task.vendor)
    hasher = settings.hasher
    read_by = f"{hasher.key_ids}\0{hasher.phone_region}\0{settings.gmail_aliases}"
    if task.purpose is not None:
        read_by += f"\0{task.purpose}"
    account = hasher.seal(f"{api.base}\0{sorted(api.headers.items())}\0{read_by}".encode())
    client = redis_client(settings)
    try:
        lookup = Lookup(client, settings.profiles_oldest_s, settings.key_ids)
        reader = SegmentsReader(client, settings.profiles_oldest_s)
        policy = partial(policy_of, settings.policy, settings.regime)
        members = None if task.segment is None else Memberships(reader, task.segment, policy)
        tag = None if task.segment is None else tag_of(task.segment)
        judge = PeopleJudge(lookup, policy, members, task.purpose)
        await judge.outcomes(
            []
        )  # before hours are spent on reading: Redis is whole, the key the workers', the segment filled
        with SyncJournal(settings.home, task.name, account, around.clock.now()) as journal:
            if journal.goes_on:
                around.goes_on()
            with _beginning_anew(journal):
                async with vendor_http(api, around.clock) as http:
                    vendor = (ActionNetwork if task.vendor == "actionnetwork" else SendGrid)(http, hasher, tag)
                    return await VendorSync(vendor, journal, judge, around.told).run(order)
    except sqlite3.Error as error:
        raise Unusable(f"HARMONIA_HOME: its folder {FOLDER}: {error}; is there room, and may it be written?") from None
    finally:
        await client.aclose()


@contextmanager
def _beginning_anew(journal: SyncJournal) -> Iterator[None]:
    """Delete a file that cannot be read any more, so that the next run begins anew."""
    try:
        yield
    except sqlite3.OperationalError:
        raise  # no room, or no right: the file is as good as it was
    except sqlite3.DatabaseError as error:
        journal.finish()
        raise Unusable(f"HARMONIA_HOME: its folder {FOLDER}: {error}; run this again: it begins anew") from None
