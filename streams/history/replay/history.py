"""The history to replay: its files, the erasures in it, and the decision on each row."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sinks.lake.erasure import erasure_commands
from sinks.lake.erasure_list import Erasures, erasure_of, read_erasures
from sinks.lake.files import Files
from streams.history.importing.file_items import FileItem, Unreadable
from streams.history.lake.erasure import AnnouncedErasure, pending_erasures
from streams.history.lake.input_files import InputFile, selected_files
from streams.history.lake.row_reading import ERASED_TYPE, erasure_in, read_file_rows
from streams.history.lake.selection import Selection
from streams.history.replay.row_decisions import RowDecider

_ERASURES_ALONE = Selection(types=frozenset({ERASED_TYPE}))


@dataclass(frozen=True, slots=True)
class ReplaySource:
    """What to replay. `parts`: all files, also those without selected rows. `now`: ms since 1970.

    `erases`: its erasures are sent as well, before everything else. A system that knows them would remove what came
    since, so they are only for one that does not.
    """

    parts: list[InputFile]
    selection: Selection
    phone_region: str
    now: int
    erases: bool = False

    @property
    def lake(self) -> Files | None:
        """The lake that the files are of; None: they are of none."""
        return next((part.files for part in self.parts if part.immutable), None)

    def require_erased(self, told: Iterable[AnnouncedErasure] = ()) -> None:
        """Raise `Unreadable` where a lake still holds people who were erased, as far as it and `told` know.

        Under which fragments they are in it only `lake erase` finds out. With `erases` they are sent as well, so
        nothing is required.
        """
        waiting = 0 if self.lake is None or self.erases else pending_erasures(self.lake, told)
        if waiting:
            raise Unreadable(
                f"{waiting} erasures are not carried out in this lake yet, and people would come back: "
                "run `harmonia lake erase` first, once `harmonia lake run` has come to the commands"
            )

    def judge(self) -> RowDecider:
        """The decider, which knows who was erased: by the lake's list, and by the commands in the files.

        Raises as reading them does.
        """
        if self.lake is None:
            erased = [Erasures(erasure_of(fragment, time) for fragment, time, _ in self.erasures())]
        else:
            erased = [Erasures(erasure_commands(self.lake)), read_erasures(self.lake)]
        return RowDecider(self.selection, erased, self.phone_region, self.now, erases=self.erases)

    def erasures(self) -> Iterator[tuple[str, int, bytes]]:
        """Fragment, time (ms) and bytes of each erasure command, selected or not."""
        for part in selected_files(self.parts, _ERASURES_ALONE):
            for row in read_file_rows(part.files, part.place):
                if (found := erasure_in(row)) is not None:
                    yield found


def decided_rows(part: InputFile, judge: RowDecider) -> Iterator[FileItem]:
    """Every row of a file with the decision on it. Raises `Unreadable`, and OSError."""
    for number, row in enumerate(read_file_rows(part.files, part.place)):
        yield FileItem(number, row.line, judge.judge(row))
