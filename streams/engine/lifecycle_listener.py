"""Callbacks for what happens to a worker's partitions, so that the engine need not know of metrics."""

from typing import Protocol

from faust.types import TP


class LifecycleListener(Protocol):
    """Is called at each take-over of partitions, for each group commit and at the process's end.

    Calls must be quick and must not raise.
    """

    def taking_over(self) -> None:
        """Partitions were handed out anew."""

    def to_go(self, changelog: TP, records: int) -> None:
        """So many records of a changelog partition have still to be read."""

    def taken_over(self) -> None:
        """All that is owned has been taken over, and work on it begins."""

    def waits_for_transaction(self) -> None:
        """A transaction is under way, or somebody else's has to end first; also when it is tried again."""

    def waits_no_more(self) -> None:
        """It has ended well, or is no longer waited for."""

    def transaction_ended(self, outcome: str, seconds: float, records: int) -> None:
        """A transaction of a group commit has ended, with so many records.

        `outcome`: `committed`; or `refused` (a record, by the broker), `stale` (this worker is no member any more),
        `fenced` (the broker or somebody else has ended it), `trouble` (nobody knows how it ended).
        """

    def failed(self, error: BaseException) -> None:
        """The process is about to end, because of this."""


class NullListener:
    """A listener that does nothing."""

    def taking_over(self) -> None:
        pass

    def to_go(self, changelog: TP, records: int) -> None:
        pass

    def taken_over(self) -> None:
        pass

    def waits_for_transaction(self) -> None:
        pass

    def waits_no_more(self) -> None:
        pass

    def transaction_ended(self, outcome: str, seconds: float, records: int) -> None:
        pass

    def failed(self, error: BaseException) -> None:
        pass


NULL_LISTENER = NullListener()
