"""What the routes and pages of the console share."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from redis.asyncio import Redis

from sinks.lookup import Lookup
from streams.domain.pressure import Policy, default_policy
from streams.domain.rights.requests import RightsDesk
from streams.domain.segments.previews import PreviewQuestion
from streams.platform.settings import Settings
from streams.services.console.day_reports import DayReports
from streams.services.console.deliveries_observer import DeliveriesObserver
from streams.services.console.desk_access import DeskReader
from streams.services.console.jobs import Jobs
from streams.services.console.lake_erasures import LakeObserver
from streams.services.console.maps import Turf
from streams.services.console.metrics import ConsoleMetrics
from streams.services.console.observer import StatusObserver
from streams.services.console.oidc import Provider
from streams.services.console.orders import Orders
from streams.services.console.people import People
from streams.services.console.sendings import Sendings
from streams.services.console.views import Views
from streams.services.permission.decisions import PermissionJudge
from streams.services.segment_preview import SegmentPreview

MOST_EXPORTS = 2
"""Exports of a person that are made at once: each is held whole, and reads topics whole."""


@dataclass(frozen=True, slots=True)
class ConsoleDependencies:
    """Dependencies of the routes.

    `clock`: ms since 1970, by which pages are dated; the demo's stands at its last event. `wall`: what time it is, for
    sessions. `called`: what pages call people, English as keys of the catalogue; those of the demo alone.
    `try_list`: the path of a list of people to try `/send` with; in the demo alone.
    `lake`: None where there is none; `deliveries`: None where nobody looks. `exports`: the turns of exports of a
    person. `orders`: those about campaigns that are under way. `preview` asks the workers, and blocks; None: nobody can
    be asked. `policy`: the one that holds. `requests` reads those of people over their data, and blocks;
    None: nobody does.
    """

    settings: Settings
    redis: Redis
    people: People
    clock: Callable[[], int]
    wall: Callable[[], int]
    metrics: ConsoleMetrics
    observer: StatusObserver
    lookup: Lookup
    judge: PermissionJudge
    views: Views
    provider: Provider | None = None
    desk: DeskReader | None = None
    turfs: Sequence[Turf] = ()
    called: Mapping[str, str] = field(default_factory=dict)
    try_list: str | None = None
    lake: LakeObserver | None = None
    deliveries: DeliveriesObserver | None = None
    exports: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_EXPORTS))
    orders: Orders = field(default_factory=Orders)
    jobs: Jobs = field(default_factory=lambda: Jobs(lambda: round(time.time() * 1000)))
    preview: Callable[[PreviewQuestion], SegmentPreview] | None = None
    policy: Callable[[], Policy] = default_policy
    day_reports: DayReports = field(default_factory=DayReports)
    sendings: Sendings = field(default_factory=Sendings)
    requests: Callable[[], RightsDesk] | None = None
