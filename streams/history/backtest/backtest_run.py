"""Runs a backtest: gathers people, judges each by both policies, and adds up the counts."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from events.times import parse_time
from sinks.lake.files import open_files
from sinks.lake.manifests import date_in, is_lake
from streams.domain.pressure import Policy
from streams.history.backtest.person_facts import PersonFact, counted_facts, gather_people, links_of, person_facts
from streams.history.backtest.tally import DAY, JudgedTouch, OutcomeIndex, Tally
from streams.history.backtest.touch_history import TimeSpan, asked_touches, evidence_of, judge_touches
from streams.history.lake.coverage import LakeGap
from streams.history.refold.buckets import Bucket, each_bucket
from streams.history.refold.lake_source import interaction_files

WINDOW = 7 * DAY
"""How long (ms) after a touch something is said to have followed it."""


@dataclass(frozen=True, slots=True)
class BacktestOptions:
    """What to try. `new` is tried beside `old`, on touches within the span; `cascade`: see `judge_touches`.

    `end`: ms; up to when the past is known. What followed a touch less than the window before it is not all known yet.
    `new_name` and `old_name`: the policies' files; empty: only their versions are shown. `gap`: what the lake lacks of
    the topic; None: nothing, or it is not known.
    """

    new: Policy
    old: Policy
    span: TimeSpan = TimeSpan()  # noqa: RUF009 (a tuple)
    cascade: bool = False
    window: int = WINDOW
    end: int | None = None
    new_name: str = ""
    old_name: str = ""
    gap: LakeGap | None = None


@dataclass(slots=True)
class BacktestResult:
    """The counts of a backtest. `sends`: touches that were judged; `open`: those of them whose window had not ended.

    `rows`: of the lake; `people`: with a touch in the span; `linked`: a snapshot said who is one person, which only a
    `lake` has. `unjudged`: touches at times that no policy can be asked about.
    """

    tally: Tally = field(default_factory=Tally)
    rows: int = 0
    people: int = 0
    sends: int = 0
    open: int = 0
    unjudged: int = 0
    linked: bool = False
    lake: bool = True

    def add(self, other: "BacktestResult") -> None:
        """Add the counts of other people."""
        self.tally.add(other.tally)
        for name in ("rows", "people", "sends", "open", "unjudged"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def take(self, contact_id: str, said: list[PersonFact], options: BacktestOptions) -> None:
        """Judge and count one person's touches."""
        self.rows += len(said)
        judged = list(self._judged(contact_id, said, options))
        self.people += bool(judged)
        self.sends += len(judged)
        last = None if options.end is None else options.end - options.window
        self.open += sum(last is not None and each.send.touch.time > last for each in judged)
        self.tally.take(contact_id, judged)

    def _judged(self, contact_id: str, said: list[PersonFact], options: BacktestOptions) -> Iterator[JudgedTouch]:
        counted = counted_facts(said)
        found = evidence_of(counted)
        asked = list(asked_touches(contact_id, counted, found, options.span))
        followed = OutcomeIndex(found, options.window)
        answers = (judge_touches(policy, asked, cascade=options.cascade) for policy in (options.new, options.old))
        for send, new, old in zip(asked, *answers, strict=True):
            if new is None or old is None:
                self.unjudged += 1
            else:
                yield JudgedTouch(send, new, old, followed.of(send.touch.time))


def backtest(place: str, options: BacktestOptions, folder: Path, processes: int) -> BacktestResult:
    """Run a backtest on the lake at `place`, with `folder` for what does not fit into memory.

    Raises OSError, ValueError and `Damaged` as gathering does.
    """
    links = links_of(place)
    result = BacktestResult(linked=bool(links), lake=is_lake(open_files(place)))
    gathered = gather_people(place, links, folder, processes)
    for part in each_bucket(gathered, partial(_of_bucket, options, result.linked), processes):
        result.add(part)
    return result


def end_of(place: str) -> int | None:
    """The end (ms) of a lake's last day (UTC), up to which the past is known; None where files have no dates.

    Raises ValueError where there are no files, OSError, and `Damaged`.
    """
    found = interaction_files(open_files(place))
    if not found:
        raise ValueError("there is no past: name a lake that `harmonia lake run` has filled, or a folder of its files")
    dates = [date for piece in found if (date := date_in(piece.name))]
    day = parse_time(f"{max(dates)}T00:00:00Z") if dates else None
    return None if day is None else day + DAY


def _of_bucket(options: BacktestOptions, linked: bool, bucket: Bucket) -> BacktestResult:
    result = BacktestResult()
    for history in bucket.histories():
        result.take(history.contact_id, list(person_facts(history, linked=linked)), options)
    return result
