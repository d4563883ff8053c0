"""A partition of a table that commits as a group: its chunks go out with those of the worker's other partitions."""

from collections.abc import Sequence

from streams.engine.decoded_states import State, States
from streams.engine.group_commit import GroupCommitter, Part
from streams.engine.lifecycle_listener import NULL_LISTENER, LifecycleListener
from streams.engine.runs import Run
from streams.engine.table_partition import Changelog, Committed, Fold, TablePartition
from streams.engine.writer import Changes, Output
from streams.platform.clients import KafkaClients


class GroupedPartition(TablePartition[State]):
    """The same as any partition, but for who writes: the committer, whose fence is the group's generation."""

    def __init__(  # noqa: PLR0913 (those of any partition, and the committer)
        self,
        kafka: KafkaClients,
        states: States[State],
        changelog: Changelog,
        committed: Committed,
        onlooker: LifecycleListener = NULL_LISTENER,
        *,
        committer: GroupCommitter,
    ) -> None:
        super().__init__(kafka, states, changelog, committed, onlooker)
        self._committer = committer
        self._may_write = False

    @property
    def _is_writing(self) -> bool:
        return self._may_write

    async def _begin_writing(self) -> int:
        end = await self._committer.open(self._changelog.partition)
        self._may_write = True
        return end

    async def release(self) -> None:
        """Write no more before the partition is opened anew. What has been handed in is the committer's to end."""
        self._may_write = False

    async def _attempt(self, chunk: Run, fold: Fold[State], began: float) -> None:
        try:
            await self._apply_once(chunk, fold)
        except BaseException:  # also a cancelled lane: what it handed in may be committed, and the store lacks it
            await self.release()
            raise

    async def _write(self, chunk: Run, outputs: Sequence[Output], changes: Changes) -> int:
        part = Part(self._changelog, changes, outputs, chunk.tp, chunk.next_offset, chunk.generation)
        return await self._committer.commit(part)

    async def _pass_over(self, chunk: Run) -> None:
        """Have the group know of what the state holds already."""
        if (self._committed(chunk.tp) or 0) < chunk.next_offset:
            await self._write(chunk, (), {})
