"""How many partitions lack a copy, as brokers tell, asked once a minute."""

import asyncio
import logging

from kafka.errors import KafkaError
from mode import Service

from streams.domain.replication import partitions_short_of_copies
from streams.platform.clients import KafkaClients
from streams.platform.described_replicas import described_partitions
from streams.platform.settings import Settings
from streams.platform.topics import wanted_topics
from streams.worker.metrics import OperationsMetrics

logger = logging.getLogger(__name__)

INTERVAL_S = 60.0


class ReplicasMonitor(Service):
    """Measures replicas that are missing or behind, beside the agents of a worker."""

    def __init__(self, kafka: KafkaClients, settings: Settings, metrics: OperationsMetrics) -> None:
        super().__init__()
        self._kafka = kafka
        self._topics = [topic.name for topic in wanted_topics(settings)]
        self._metrics = metrics

    @Service.task
    async def _look(self) -> None:
        while not self.should_stop:
            await self._look_at_replicas()
            await self.sleep(INTERVAL_S)

    async def _look_at_replicas(self) -> None:
        """Count. While no broker answers the last figure stays; that they are away is told by what stands still."""
        try:
            found = await asyncio.to_thread(described_partitions, self._kafka, self._topics)
        except KafkaError as error:
            logger.info("asking Kafka for its replicas: %s", type(error).__name__)
        else:
            self._metrics.under_replicated.set(partitions_short_of_copies(found))
