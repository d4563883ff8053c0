"""Observes the processes beside the workers: each by what it writes, so that one that was stopped is seen to be behind.

PostgreSQL's sink by what PostgreSQL says that it holds, `deliver` by what it stores in Kafka, the console's follower by
its desk. API, gateway and console write nothing while nobody asks, so their addresses are asked (`HARMONIA_WATCHED`),
and those of any other process that is named there.
"""

import asyncio
import http.client
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import replace
from urllib.parse import urlsplit

from kafka.errors import KafkaError

from sinks.postgres.standing import StandingUnknown, standing_of
from streams.domain.messages import Duration, Listed, message
from streams.operations.status.observations import Observations, ProcessStanding
from streams.operations.status.snapshot import observe
from streams.platform.clients import KafkaClients
from streams.platform.errors import KafkaAway, MissingTopic, Unusable
from streams.platform.processes import PROCESSES, ProcessName, watched_addresses
from streams.platform.settings import Settings
from streams.services.console.desk import Desk, DeskMissing
from streams.services.console.desk_reading import freshness
from streams.services.deliver.destinations import endpoints_of
from streams.services.deliver.reading import DeliveryStanding, delivery_standing

BEHIND_S, LATE_S = 15.0, 60.0
"""After so many seconds PostgreSQL is behind; `deliver` and the desk, which write every few seconds, after `LATE_S`."""
ANSWER_S = 2.0

Look = Callable[[Settings, int], ProcessStanding]


def observe_all(settings: Settings, now: int) -> Observations:
    """Observe the whole deployment. `now`: ms since 1970. Takes some seconds where something waits or is away."""
    return replace(observe(settings, now), processes=observe_processes(settings, now))


def observe_processes(settings: Settings, now: int) -> tuple[ProcessStanding, ...]:
    """How each process stands, in the order of `PROCESSES`: by its address, or else by what it writes."""
    watched = {name: ask(name, url) for name, url in watched_addresses(settings.watched).items()}
    return tuple(_standing(name, watched, settings, now) for name in PROCESSES)


def _standing(
    name: ProcessName, watched: Mapping[ProcessName, ProcessStanding], settings: Settings, now: int
) -> ProcessStanding:
    """What an address says counts where it says that something is wrong; a process that answers may be behind."""
    answered, look = watched.get(name), _LOOKS.get(name)
    if look is not None and (answered is None or answered.state == "running"):
        written = look(settings, now)
        return answered if answered is not None and written.state == "not_set_up" else written
    return answered or ProcessStanding(name, "not_watched" if _is_set_up(name, settings) else "not_set_up")


def _is_set_up(name: ProcessName, settings: Settings) -> bool:
    """Whether there is a setting without which a process has nothing to do."""
    needed: Mapping[str, object] = {
        "api": settings.api_tokens.get_secret_value(),
        "gateway": settings.gateway,
        "console": settings.console_people,
        "lake run": settings.lake,
    }
    return bool(needed.get(name))


def ask(name: ProcessName, url: str) -> ProcessStanding:
    """Ask a process at the address of its `/metrics` whether it is ready."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    try:
        with closing(kind(parts.hostname or "", parts.port, timeout=ANSWER_S)) as connection:
            path = f"{parts.path.removesuffix('/metrics').rstrip('/')}/readyz"
            connection.request("GET", path)
            status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return ProcessStanding(name, "away", message("process.away", error=type(error).__name__))
    if status == http.client.OK:
        return ProcessStanding(name, "running")
    if status == http.client.SERVICE_UNAVAILABLE:
        return ProcessStanding(name, "behind", message("process.not_ready", status=status))
    return ProcessStanding(name, "behind", message("process.other_address", path=path, status=status))


def look_at_postgres(settings: Settings, now: int) -> ProcessStanding:
    """How far PostgreSQL is filled, as it says itself, by its own clock."""
    if settings.postgres is None:
        return ProcessStanding("sink postgres", "not_set_up")
    try:
        found = asyncio.run(standing_of(settings.postgres.get_secret_value()))
    except StandingUnknown as error:
        return ProcessStanding("sink postgres", "away", message("process.postgres_away", error=str(error)))
    if not found:
        return ProcessStanding("sink postgres", "behind", message("process.postgres_never_filled"))
    if missing := [each.topic for each in found if each.missing]:
        why = message("process.postgres_never_held", topics=Listed(tuple(missing)))
        return ProcessStanding("sink postgres", "behind", why)
    age_s = max(each.age_s or 0 for each in found)
    if age_s > BEHIND_S:
        return ProcessStanding("sink postgres", "behind", message("process.postgres_behind", ago=Duration(age_s)))
    return ProcessStanding("sink postgres", "running")


def look_at_deliver(settings: Settings, now: int) -> ProcessStanding:
    """How far `deliver` is, by what it has stored."""
    try:
        with closing(KafkaClients(settings).tool_consumer()) as consumer:
            found = delivery_standing(consumer, now - round(1000 * LATE_S))
    except (KafkaError, KafkaAway) as error:
        return ProcessStanding("deliver", "unknown", message("process.unknown", error=type(error).__name__))
    except MissingTopic:
        found = DeliveryStanding()
    if late := found.late:
        return ProcessStanding("deliver", "behind", message("process.deliver_behind", endpoints=Listed(tuple(late))))
    try:
        named = [] if settings.deliver is None else [each.id for each in endpoints_of(settings.deliver)]
    except Unusable:
        if not found.endpoints:
            return ProcessStanding("deliver", "unknown", message("process.deliver_unreadable"))
        named = []  # another user's file, say: nothing that is stored is late
    if new := sorted({*named}.difference(found.endpoints)):
        return ProcessStanding("deliver", "away", message("process.deliver_not_begun", endpoints=Listed(tuple(new))))
    return ProcessStanding("deliver", "running" if found.endpoints else "not_set_up")


def look_at_desk(settings: Settings, now: int) -> ProcessStanding:
    """How far the console's desk is filled."""
    if settings.desk is None:
        return ProcessStanding("console follow", "not_set_up")
    try:
        with closing(Desk.open(settings.desk)) as desk:
            topics = freshness(desk, now).values()
    except DeskMissing:
        return ProcessStanding("console follow", "away", message("process.no_desk"))
    return _of_desk([each.as_of_ms for each in topics], now)


def _of_desk(as_of: Iterable[int | None], now: int) -> ProcessStanding:
    known = [*as_of]
    oldest = min((each for each in known if each is not None), default=None)
    if oldest is None or None in known:
        return ProcessStanding("console follow", "behind", message("process.desk_filling"))
    if now - oldest > 1000 * LATE_S:
        ago = Duration((now - oldest) / 1000)
        return ProcessStanding("console follow", "behind", message("process.desk_behind", ago=ago))
    return ProcessStanding("console follow", "running")


_LOOKS: Mapping[ProcessName, Look] = {
    "sink postgres": look_at_postgres,
    "deliver": look_at_deliver,
    "console follow": look_at_desk,
}
