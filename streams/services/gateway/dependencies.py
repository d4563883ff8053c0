"""What every route of the gateway needs, and what it does with what an adapter has read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from events.adapters.feed import LeftOut, Refused, Result
from streams.platform.tokens import Tokens
from streams.services.api.bodies import BodyReader
from streams.services.gateway.hooks import Hook
from streams.services.gateway.kafka_delivery import KafkaDelivery
from streams.services.gateway.metrics import GatewayMetrics
from streams.services.gateway.signatures import UsedSignatures
from streams.services.gateway.sns import Fetch, SnsVerifier

SHARE_BYTES = 64 << 20
"""Of bodies that are being received: so many of those whose sender is proven, and as many of all others."""


@dataclass(frozen=True, slots=True)
class GatewayDependencies:
    """`clock`: milliseconds since 1970. `fetch`: gets what SNS names, on Amazon's hosts only. `used`: seals, by way.

    `bodies`: of those who are proven by their body, if at all; `proven`: of those who have shown a token or a login
    before it. Neither takes room from the other.
    """

    hooks: Mapping[str, Hook]
    tokens: Tokens
    mailbox: KafkaDelivery
    certificates: SnsVerifier
    fetch: Fetch
    metrics: GatewayMetrics
    bodies: BodyReader
    clock: Callable[[], int]
    phone_region: str
    proven: BodyReader = field(default_factory=lambda: BodyReader(SHARE_BYTES))
    used: Mapping[str, UsedSignatures] = field(
        default_factory=lambda: {way: UsedSignatures() for way in ("mailgun", "twilio")}
    )

    async def keep(self, hook: str, results: Sequence[Result]) -> None:
        """Give the results to Kafka, and count them once it has them. Raises `Unavailable`."""
        outputs = await self.mailbox.outputs(results, hook, self.clock())
        if outputs:
            await self.mailbox.post(outputs)
        for result in results:
            self._count(hook, result)

    def _count(self, hook: str, result: Result) -> None:
        if isinstance(result, Refused):
            self.metrics.results.labels(hook, "refused").inc()
            self.metrics.refused.labels(hook, result.refusal.reason.value).inc()
        else:
            self.metrics.results.labels(hook, "left_out" if isinstance(result, LeftOut) else "accepted").inc()
