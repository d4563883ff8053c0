"""How far each endpoint of `harmonia deliver` is, for `/deliveries`: topics are read in a child process."""

import time
from collections.abc import Sequence
from contextlib import closing

from msgspec import Struct

from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.services.console.observer import Observer
from streams.services.deliver.reading import EndpointState, endpoint_states


class EndpointsSeen(Struct, frozen=True):
    """What was seen of all endpoints at a time, ms."""

    at_ms: int
    states: Sequence[EndpointState]


class DeliveriesObserver(Observer[EndpointsSeen]):
    """Looks at the topics of deliveries, once in fifteen seconds at most."""

    every_s = 15.0
    called = "deliveries"


class LookAtDeliveries:
    """Reads how far endpoints are in the deployment of these settings; what a child process is given."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __call__(self) -> EndpointsSeen:
        """One look. Raises Kafka's errors and `MissingTopic`."""
        with closing(KafkaClients(self._settings).tool_consumer()) as consumer:
            return EndpointsSeen(round(time.time() * 1000), endpoint_states(consumer))
