"""Both vendors behind one face, for tests that must hold for either."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydantic import SecretStr

from streams.platform.settings import Settings
from streams.services.vendors.names import VendorName
from streams.services.vendors.runs import SyncSurroundings, SyncTask, run_sync
from streams.services.vendors.sync import SyncOrder, SyncResult
from streams.services.vendors.vendor_http import VendorSilent
from tests.contract.vendors import actionnetwork_server, sendgrid_server
from tests.contract.vendors.actionnetwork_server import ActionNetworkServer
from tests.contract.vendors.people import CAST, SEGMENT
from tests.contract.vendors.sendgrid_server import SendGridServer
from tests.contract.vendors.vendor_server import Call, FastClock, VendorServer

TAG = f"harmonia:{SEGMENT}"
FOREIGN = "newsletter"
KEYS = {"actionnetwork": actionnetwork_server.KEY, "sendgrid": sendgrid_server.KEY}


@dataclass
class Bench:
    """A vendor with the cast on its list, and runs against it."""

    vendor: VendorName
    home: Path
    redis_url: str
    clock: FastClock = field(default_factory=FastClock)

    def __post_init__(self) -> None:
        if self.vendor == "actionnetwork":
            self.network = ActionNetworkServer(self.clock)
            self.server: VendorServer = self.network
            self.base = self.network.base
        else:
            self.grid = SendGridServer(self.clock)
            self.server = self.grid
            self.base = self.grid.base
        for each in CAST:
            self.add(each.address)

    @contextmanager
    def running(self) -> Iterator["Bench"]:
        with self.server.running():
            yield self

    def add(self, address: str) -> None:
        if self.vendor == "actionnetwork":
            self.network.add(address)
        else:
            self.grid.add(address, external_id="own id" if address.startswith("member1") else "")

    def suppress(self, *addresses: str) -> None:
        """As the vendor's own, or an earlier run."""
        if self.vendor == "sendgrid":
            self.grid.suppressions += addresses
        for person in self.network.people.values() if self.vendor == "actionnetwork" else ():
            if person.address in addresses:
                person.status = "unsubscribed"

    def suppressed(self) -> set[str | None]:
        return self.network.unsubscribed() if self.vendor == "actionnetwork" else {*self.grid.suppressions}

    def tag(self, name: str, *addresses: str) -> None:
        if self.vendor == "actionnetwork":
            self.network.add_tag(name, *(each for each in self.network.people.values() if each.address in addresses))
        else:
            self.grid.add_list(name, *(each for each in self.grid.contacts.values() if each.email in addresses))

    def tagged(self, name: str = TAG) -> set[str | None]:
        return self.network.tagged(name) if self.vendor == "actionnetwork" else {*self.grid.listed(name)}

    def tags(self) -> set[str]:
        if self.vendor == "actionnetwork":
            return {tag.name for tag in self.network.tags.values()}
        return {*self.grid.lists.values()}

    def last_of(self, addresses: Iterable[str]) -> str:
        """Who of them has the last of the vendor's ids."""
        of = actionnetwork_server if self.vendor == "actionnetwork" else sendgrid_server
        return max(addresses, key=of.made_id)

    def settings(self, key: str | None = None, identity_key: str = "test") -> Settings:
        given = SecretStr(KEYS[self.vendor] if key is None else key)
        return Settings(
            redis_url=self.redis_url,
            identity_key=SecretStr(identity_key),
            home=self.home,
            profiles_oldest_s=300,
            actionnetwork_key=given,
            actionnetwork_url=self.base,
            sendgrid_key=given,
            sendgrid_url=self.base,
        )

    def run(
        self,
        segment: str | None = None,
        *,
        write: bool = True,
        most: int = 20,
        settings: Settings | None = None,
        goes_on: Callable[[], object] = lambda: None,
    ) -> SyncResult:
        self.clock.at += 1
        around = SyncSurroundings(lambda _: None, goes_on, self.clock)
        task, order = SyncTask(self.vendor, segment), SyncOrder(write, most)
        return asyncio.run(run_sync(settings or self.settings(), task, order, around))

    def interrupt(self) -> None:
        """Run until the vendor answers no more, and have it answer again."""
        self.server.faults = dict.fromkeys(range(3, 10), "500")
        with pytest.raises(VendorSilent):
            self.run()
        self.server.forget_calls()

    def written(self) -> Sequence[Call]:
        return self.server.writes()
