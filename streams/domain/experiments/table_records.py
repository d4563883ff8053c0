"""What the table of experiments keeps: each experiment, and a board of what has to be known of all of them at once."""

from typing import TypeAlias

from msgspec import Struct

from events.experiment_results import Status
from streams.domain.experiments.totals import ExperimentTotals
from streams.domain.formats import Format, Stored
from streams.domain.formats import encode as write


class Experiment(Struct, frozen=True, array_like=True, tag=1, gc=False):
    """One experiment. `edition`: the rule by which the figures that are shown were counted.

    `totals`: by edition, exact at any time. `definition`: the value of the record that says what is shown, None for the
    defaults; `next`: of the one that is to be shown once all partitions stand at its edition, empty if there is none.
    `stands`: by partition another edition than the one shown, at which it stands. `frozen`: what is shown while people
    are counted anew by another edition.

    `peaks`: the largest logarithms of e-values so far, by variant, and `split_peak` that of the split; `peaks_of`: what
    they are of. Those in `Peaks` are newer, where there are any. `told`: the alerts that were sent. `added`: the offset
    up to which what was told is in `totals`; what is aside behind it has to be added.
    """

    edition: str = ""
    totals: dict[str, ExperimentTotals] = {}
    definition: bytes | None = None
    next: bytes | None = b""
    stands: dict[int, str] = {}
    frozen: ExperimentTotals | None = None
    peaks: dict[str, bytes] = {}
    split_peak: float = 0.0
    peaks_of: str = ""
    told: tuple[str, ...] = ()
    added: int = -1


class Peaks(Struct, frozen=True, array_like=True, tag=3, gc=False):
    """The fields of an experiment of these names, written whenever they change: they cannot be added up again."""

    peaks: dict[str, bytes] = {}
    split_peak: float = 0.0
    peaks_of: str = ""


class Line(Struct, frozen=True, array_like=True, gc=False):
    """What the board says of an experiment. Times in ms of append time.

    `heard`: of last. `due`: when a day closes or the experiment ends. `log_e`: of the primary metric by variant, over
    closed days, None of an experiment that does not run: it is judged once more when it is first seen to have ended.
    `found`: which of them are discoveries. `changed`: since when something is in no result yet.
    """

    heard: int = 0
    due: int | None = None
    log_e: tuple[tuple[str, float], ...] | None = None
    found: tuple[str, ...] = ()
    status: Status = "running"
    changed: int | None = None


class Board(Struct, frozen=True, array_like=True, tag=2):
    """Of all experiments. `recounting`: the partitions in which everybody is counted anew.

    `added`: up to which offset all that was told has been heard.
    """

    lines: dict[str, Line] = {}
    recounting: frozenset[int] = frozenset()
    added: int = -1


Kept: TypeAlias = Experiment | Board | Peaks


class _Stored(Stored, frozen=True, array_like=True):
    kept: Kept


FORMAT = Format(2, _Stored, older={1})


def encode(kept: Kept) -> bytes:
    """The bytes of any of them."""
    return write(_Stored(FORMAT.number, kept))


def decode(data: bytes) -> Kept:
    """What was encoded. Raises `Unreadable`."""
    return FORMAT.decode(data).kept
