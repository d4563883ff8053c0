"""What is to be told again, and what becomes of each row of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sinks.lake.erasure import commanded
from sinks.lake.erasure_list import Erasures, erasure_of, read_erasures
from sinks.lake.files import Files
from streams.history.importing.file_parts import Piece, Unreadable
from streams.history.lake.erasure import AnnouncedErasure, pending_erasures
from streams.history.lake.input_files import InputFile, selected_files
from streams.history.lake.row_reading import ERASED_TYPE, erasure_in, read_file_rows
from streams.history.lake.selection import Selection
from streams.history.replay.row_decisions import Judge

_ERASURES_ALONE = Selection(types=frozenset({ERASED_TYPE}))


@dataclass(frozen=True, slots=True)
class History:
    """What is to be told again. `parts`: all that there are, also those in which nothing is meant. `now`: ms.

    `erases`: the erasures in it are told as well, before everything else. A system that knows them would forget what
    was said since, so they are only for one that does not.
    """

    parts: list[InputFile]
    selection: Selection
    phone_region: str
    now: int
    erases: bool = False

    @property
    def lake(self) -> Files | None:
        """The lake that the parts are of; None: they are of none."""
        return next((part.files for part in self.parts if part.immutable), None)

    def require_erased(self, told: Iterable[AnnouncedErasure] = ()) -> None:
        """Raise `Unreadable` where a lake still holds people who were erased, as far as it and `told` tell.

        Under which names they are in it only `lake erase` finds out. Where `erases` they are told of as well.
        """
        waiting = 0 if self.lake is None or self.erases else pending_erasures(self.lake, told)
        if waiting:
            raise Unreadable(
                f"{waiting} erasures are not carried out in this lake yet, and people would come back: "
                "run `harmonia lake erase` first, once `harmonia lake run` has come to the commands"
            )

    def judge(self) -> Judge:
        """Knows who was erased: by the lake's list, and by the commands in the parts. Raises as reading them does."""
        if self.lake is None:
            erased = [Erasures(erasure_of(fragment, time) for fragment, time, _ in self.erasures())]
        else:
            erased = [Erasures(commanded(self.lake)), read_erasures(self.lake)]
        return Judge(self.selection, erased, self.phone_region, self.now, erases=self.erases)

    def erasures(self) -> Iterator[tuple[str, int, bytes]]:
        """Fragment, time and bytes of each command to forget somebody, whatever else is meant."""
        for part in selected_files(self.parts, _ERASURES_ALONE):
            for row in read_file_rows(part.files, part.place):
                if (found := erasure_in(row)) is not None:
                    yield found


def pieces_of(part: InputFile, judge: Judge) -> Iterator[Piece]:
    """Every row of a part, with what becomes of it. Raises `Unreadable`, and OSError."""
    for number, row in enumerate(read_file_rows(part.files, part.place)):
        yield Piece(number, row.line, judge.judge(row))
