"""What the routes of the gateway share: hooks, tokens, delivery to Kafka, verification, limits and metrics."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from events.adapters.feed import AdapterResult, RefusedElement, SkippedElement
from events.purpose_wall import OPEN, Wall
from streams.platform.tokens import Tokens
from streams.services.api.bodies import BodyReader
from streams.services.gateway.hooks import Hook
from streams.services.gateway.kafka_delivery import KafkaDelivery
from streams.services.gateway.metrics import GatewayMetrics
from streams.services.gateway.signatures import UsedSignatures
from streams.services.gateway.sns import Fetch, SnsVerifier

SHARE_BYTES = 64 << 20
"""Memory for bodies that are being received: so much for authenticated senders, and as much for all others."""


@dataclass(frozen=True, slots=True)
class GatewayDependencies:
    """Dependencies of the routes. `clock`: ms since 1970. `fetch`: gets URLs that SNS names, on Amazon's hosts only.

    `bodies`: for senders that only the body can prove; `proven`: for senders authenticated by a header. Neither takes
    room from the other. `used`: signatures that have been used, by vendor. `warned`: hooks and misspelled fields of
    which the log has told.
    """

    hooks: Mapping[str, Hook]
    tokens: Tokens
    delivery: KafkaDelivery
    certificates: SnsVerifier
    fetch: Fetch
    metrics: GatewayMetrics
    bodies: BodyReader
    clock: Callable[[], int]
    phone_region: str
    wall: Wall = OPEN
    proven: BodyReader = field(default_factory=lambda: BodyReader(SHARE_BYTES))
    used: Mapping[str, UsedSignatures] = field(
        default_factory=lambda: {way: UsedSignatures() for way in ("mailgun", "twilio")}
    )
    warned: set[tuple[str, str]] = field(default_factory=set)

    async def keep(self, hook: str, results: Sequence[AdapterResult]) -> None:
        """Write results to Kafka, and count them once it has them. Raises `KafkaUnavailable`."""
        outputs = await self.delivery.outputs(results, hook, self.clock())
        if outputs:
            await self.delivery.post(outputs)
        for result in results:
            self._count(hook, result)

    def _count(self, hook: str, result: AdapterResult) -> None:
        if isinstance(result, RefusedElement):
            self.metrics.results.labels(hook, "refused").inc()
            self.metrics.refused.labels(hook, result.refusal.reason.value).inc()
        else:
            self.metrics.results.labels(hook, "left_out" if isinstance(result, SkippedElement) else "accepted").inc()
