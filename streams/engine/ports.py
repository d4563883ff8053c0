"""What the engine's transport and recovery need of the app and of its tables, which are built of them.

Faust hands both on as an app and a table of its own kind; `host_of` and `recoverable` say what else they are.
"""

from collections.abc import Callable, Iterable, Sequence, Set
from typing import Protocol, cast

from faust.types import TP, AppT, CollectionT

from streams.engine.lifecycle_listener import LifecycleListener
from streams.engine.partition_workers import PartitionWorkers
from streams.platform.clients import KafkaClients


class Host(Protocol):
    """The app of one worker process, beyond what it is to Faust.

    `on_ready`: called with the number of partitions whenever the worker has taken over what it owns. `instance`: the
    worker's name in its group, empty for none.
    """

    kafka: KafkaClients
    lanes: PartitionWorkers
    onlooker: LifecycleListener
    on_ready: Callable[[int], None]
    instance: str

    def topics_read(self) -> set[str]:
        """Of which the group assigns partitions to its members."""

    def owned_partitions(self) -> Sequence[TP]:
        """The partitions of the agents' topics that this worker works on."""

    async def halt_recovery(self) -> None:
        """End the recovery that is under way, if any."""

    @property
    def commits_offsets(self) -> Set[str]:
        """The topics whose offsets transactions commit; of all others the consumer does."""

    async def settle_tables(self) -> None:
        """Begin no more transactions, and return once those in flight have ended."""

    async def release_tables(self) -> None:
        """Give up the right to write to any table."""

    def fail_stop(self, error: BaseException, tp: TP | None = None) -> None:
        """End the process without a commit, and say why."""


class Recoverable(Protocol):
    """A table whose partitions a worker takes over."""

    @property
    def changelog_topic_name(self) -> str: ...

    async def take_over(self, partitions: Iterable[int]) -> None:
        """Own exactly these partitions, with all that their changelogs hold."""


def host_of(app: AppT) -> Host:
    """Faust's app as the engine's."""
    return cast(Host, app)


def recoverable(table: CollectionT) -> Recoverable:
    """One of Faust's tables as one of the engine's."""
    return cast(Recoverable, table)
