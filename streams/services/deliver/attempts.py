"""One request to an endpoint: what it tells of, read again where no body of it is in memory, and what came of it."""

import logging
import time
from collections.abc import Sequence
from typing import NamedTuple

from streams.domain.delivery.digests import MailAddresses, email_of, slack_body
from streams.domain.delivery.notices import Notice, forgotten, notice_of
from streams.domain.delivery.schedule import Result
from streams.domain.delivery.signing import digest_id, signed_headers, webhook_id
from streams.domain.delivery.standing import Wait
from streams.engine.retry import BROKER_TROUBLE
from streams.services.deliver.backlog import Backlog, Place
from streams.services.deliver.destinations import Destination
from streams.services.deliver.metrics import DeliveryMetrics
from streams.services.deliver.rereading import Rereader
from streams.services.deliver.sending import Sender

logger = logging.getLogger(__name__)


class Attempt(NamedTuple):
    """What came of a request that told of these records, begun at a time in ms. `gone`: those that were not found."""

    places: Sequence[Place]
    begun: int
    result: Result
    trouble: str
    gone: Sequence[Place] = ()


class EndpointTeller:
    """Tells one endpoint of what its backlog has at some places."""

    def __init__(
        self, destination: Destination, sender: Sender, backlog: Backlog, again: Rereader, metrics: DeliveryMetrics
    ) -> None:
        self._destination = destination
        self._endpoint = destination.endpoint
        self._sender = sender
        self._backlog = backlog
        self._again = again
        self._metrics = metrics

    async def attempt(self, waits: Sequence[tuple[Place, Wait]]) -> Attempt:
        """Tell of what waits at these places, in one request. Raises Kafka's errors."""
        found: list[tuple[Place, Notice]] = []
        for place, wait in waits:
            if wait.forgotten:
                found.append((place, forgotten(wait.forgotten, wait.at)))
                continue
            source = self._backlog.body(place)
            if source is None:
                records = await self._again.records_from(place.tp, place.offset, wait, self._backlog.line_in)
                self._backlog.keep(place.tp, records)
                source = records[0][1] if records and records[0][0] == place.offset else None
            is_dropped = self._backlog.wait_of(place) is None  # by an erasure that was read meanwhile
            if source and not is_dropped and (notice := notice_of(self._endpoint, source)) is not None:
                found.append((place, notice._replace(times=wait.times)))
        begun_at, told = _now(), {place: None for place, _ in found}
        gone = [place for place, _ in waits if place not in told]  # by age, by compaction, or by a filter that is new
        if not found:
            return Attempt((), begun_at, Result("gone"), "", gone)
        with self._metrics.seconds.labels(self._endpoint.id).time():
            try:
                result, trouble = await self._tell(found)
            except BROKER_TROUBLE:
                raise
            except Exception as error:  # noqa: BLE001 - one record must not stop all others
                logger.error("%s: telling failed: %s", self._endpoint.id, type(error).__name__)
                result, trouble = Result("refused"), type(error).__name__
        return Attempt([*told], begun_at, result, trouble, gone)

    async def _tell(self, found: Sequence[tuple[Place, Notice]]) -> tuple[Result, str]:
        notices, ids = [notice for _, notice in found], [self._id_of(place) for place, _ in found]
        match self._endpoint.kind:
            case "webhook":
                body = notices[0].body()
                return await self._sender.post(signed_headers(ids[0], _now(), body, self._destination.keys), body)
            case "slack":
                return await self._sender.post({}, slack_body(notices))
            case "email":
                addresses = MailAddresses(self._endpoint.sender, self._endpoint.to)
                return await self._sender.mail(email_of(notices, addresses, digest_id(ids)))

    def _id_of(self, place: Place) -> str:
        topic_id = self._backlog.standings[place.tp].topic_id
        return webhook_id(self._endpoint.id, topic_id, place.tp.partition, place.offset)


def _now() -> int:
    return time.time_ns() // 1_000_000
