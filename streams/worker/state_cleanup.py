"""What a worker does every hour beside its work: nobody who was forgotten may stay in files that it has left behind."""

from pathlib import Path

from mode import Service

from streams.worker.state_dir import TIDY_EVERY_S, tidy


class Tidying(Service):
    """Deletes stores that were left behind in the worker's own directory, or by several workers below it."""

    def __init__(self, state_dir: Path) -> None:
        super().__init__()
        self._state_dir = state_dir

    @Service.task
    async def _tidy(self) -> None:
        while not self.should_stop:
            tidy(self._state_dir)  # not on a thread: a store that is opened meanwhile would seem to be somebody else's
            await self.sleep(TIDY_EVERY_S)
