"""Connects to Kafka before anything is sent: where that fails nothing was sent, and who acts is told so for sure."""

import asyncio

import msgspec
from kafka.errors import KafkaError

from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.services.console.outcomes import Outcome, not_done

_NOTHING_SENT = not_done(
    "Nothing was done",
    "It was written down, and then Kafka did not answer any more, so nothing was sent. Try again in a minute.",
    status=503,
)


async def kept_from_sending(settings: Settings, to: str) -> Outcome | None:
    """What became of an act that cannot be sent; None: Kafka answers. `to`: the path where to go on."""
    try:
        await asyncio.to_thread(_connect, settings)
    except (KafkaError, OSError):
        return msgspec.structs.replace(_NOTHING_SENT, to=to)
    return None


def _connect(settings: Settings) -> None:
    KafkaClients(settings).tool_producer().close()
