"""Shows the demo in the terminal: phases and progress bars while it runs, and the last page."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from streams.demo.evening import ZONE, Evening
from streams.demo.evening_figures import EveningFigures
from streams.demo.evening_play import Teller
from streams.demo.progress import Progress as Seen
from streams.demo.publishing import ShowProgress
from streams.demo.report import DemoReport, DonorTotals, ExperimentLine, Figures, ReachedContact, TopicFlow
from streams.domain.display_names import counted
from streams.domain.money import every_currency, money


class Phase:
    """The line beside the spinner: what is done or waited for, how far that is, and for how long already."""

    def __init__(self, what: str) -> None:
        self.become(what)

    def become(self, what: str) -> None:
        """Begin with something else."""
        self._what, self._far, self._began = what, "", time.monotonic()

    def keep(self, what: str) -> None:
        """Go on with this, or begin with it where it is something else."""
        if what != self._what:
            self.become(what)

    def move(self, far: str) -> None:
        """Show how far it is."""
        self._far = far

    def __rich__(self) -> Text:
        """The line now."""
        parts = (self._what, self._far, f"{time.monotonic() - self._began:.0f} s")
        return Text(" · ".join(part for part in parts if part))


@contextmanager
def phase(console: Console, what: str) -> Iterator[Phase]:
    """Show a phase for the length of a block."""
    shown = Phase(what)
    with console.status(shown):
        yield shown


@contextmanager
def bars(console: Console, publications: int, interactions: int) -> Iterator[ShowProgress]:
    """Show four progress bars for the length of a block; yields the function that moves them."""
    columns = (TextColumn("{task.description:<22}"), BarColumn(32), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        published = progress.add_task("published", total=publications)
        taken_in = progress.add_task("accepted or refused", total=publications)
        folded = progress.add_task("folded into contacts", total=interactions)
        in_redis = progress.add_task("changes in Redis", total=None)

        def show(acknowledged: int, seen: Seen) -> None:
            progress.update(published, completed=acknowledged)
            progress.update(taken_in, completed=seen.taken_in)
            progress.update(folded, completed=seen.folded)
            progress.update(in_redis, completed=seen.in_sink, total=max(seen.changes, 1))

        yield show


class _Lines:
    """Prints a line for each thing that happens in the evening, and shows beside how late it is."""

    def __init__(self, console: Console, shown: Phase) -> None:
        self._console = console
        self._phase = shown
        self._zone = ZoneInfo(ZONE)

    def say(self, at: int, words: str) -> None:
        line = Table.grid(padding=(0, 2, 0, 0))
        line.add_row(Text(self._time(at), style="bold"), Text(words))
        self._console.print(line)

    def move(self, at: int, published: int) -> None:
        self._phase.move(f"{self._time(at)}, {published:,} records")

    def wait(self, what: str, far: str) -> None:
        self._phase.keep(what)
        self._phase.move(far)

    def _time(self, at: int) -> str:
        return f"{datetime.fromtimestamp(at / 1_000, self._zone):%H:%M}"


@contextmanager
def evening_lines(console: Console, evening: Evening) -> Iterator[Teller]:
    """Tell an evening on the console for the length of a block."""
    day = datetime.fromtimestamp(evening.starts / 1_000, ZoneInfo(ZONE))
    console.print(f"\nThe evening of {day:%A} {day.day} {day:%B %Y}, times of {ZONE}:", style="bold")
    with phase(console, "The evening is published") as shown:
        yield _Lines(console, shown)


_SHOWN_DIFFERENCES = 12
_BAR = 14
_MEANINGS = {
    "too_large": "over 256 KiB",
    "not_json": "the bytes are no JSON",
    "not_cloudevent": "no CloudEvent 1.0",
    "unknown_type": "a type that nobody announced",
    "no_time": "does not say when it happened",
    "time_in_future": "has not happened yet",
    "no_identifier": "names nobody",
    "invalid_data": "such as a negative amount",
    "refused_source": "of a source that nothing is taken from",
    "memo_entry": "a row that the FEC leaves out of totals",
    "malformed_row": "a row cut off in the middle",
    "contact_full": "a contact over 1 MiB",
}


def render(story: DemoReport) -> RenderableType:
    """The last page: what came in, what became of it, and whether it is right; for any width from 80 columns."""
    return Group(
        _spaced(_headline(story)),
        _spaced(_incoming(story.flows)),
        _side_by_side(_refused(story.figures.dead_letters), _speed(story.figures)),
        _side_by_side(_donors(story.figures.top_donors), _reached(story.reached)),
        *([_spaced(_tried(story.tried))] if story.tried or not story.has_rights else []),
        *([] if story.figures.evening is None else [_spaced(_evening(story.figures.evening))]),
        _verdict(story),
    )


def _spaced(part: RenderableType) -> Padding:
    return Padding(part, (0, 0, 1, 0), expand=False)


def _side_by_side(left: RenderableType, right: RenderableType) -> Columns:
    """Two parts beside each other where there is room, else one below the other."""
    return Columns([_spaced(left), _spaced(right)], padding=(0, 3))


def _headline(story: DemoReport) -> Panel:
    figures = story.figures
    text = Text(justify="center")
    text.append(f"{figures.published:,}", style="bold")
    text.append(" records in, ")
    text.append(f"{figures.contacts:,}", style="bold")
    text.append(" contacts out, ")
    text.append(every_currency(figures.net_donations, "nothing"), style="bold green")
    text.append(" of net donations\n")
    text.append(f"{figures.timed:,} of the records", style="dim")
    text.append(f" in {figures.seconds:,.1f} s, {figures.events_per_second:,.0f} records a second", style="dim")
    return Panel(text, title="harmonia", border_style="cyan", padding=(0, 2))


def _table(title: str, *columns: str) -> Table:
    """A table with a title; columns whose names begin with `>` are numbers."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column.removeprefix(">"), justify="right" if column[:1] == ">" else "left", no_wrap=True)
    return table


def _incoming(flows: Sequence[TopicFlow]) -> Table:
    table = _table("What came in", "topic", "team", ">records", "", ">repeats", ">late", ">refused")
    most = max((flow.published for flow in flows), default=1)
    for flow in flows:
        bar = Text("█" * max(1, round(_BAR * flow.published / most)), style="cyan")
        refused = Text(f"{flow.refused:,}", style="yellow" if flow.refused else "dim")
        numbers = (f"{flow.published:,}", bar, f"{flow.repeats:,}", f"{flow.late:,}", refused)
        table.add_row(flow.topic, flow.team, *numbers)
    return table


def _refused(dead_letters: Mapping[str, int]) -> Table:
    table = _table("What was refused, and why (rows of the file that no team sent included)", "reason", ">records", "")
    for reason, count in sorted(dead_letters.items(), key=lambda item: (-item[1], item[0])):
        table.add_row(Text(reason, style="yellow"), f"{count:,}", Text(_MEANINGS.get(reason, ""), style="dim"))
    return table


def _speed(figures: Figures) -> Table:
    table = _table("How it went", "", ">")
    table.show_header = False
    table.add_row("accepted", f"{figures.accepted:,}")
    table.add_row("of them told before", f"{figures.duplicates:,}")
    table.add_row("records a second", f"{figures.events_per_second:,.0f}")
    table.add_row("to Redis, half within", f"{figures.latency_ms.p50:,.0f} ms")
    table.add_row("to Redis, 99 % within", f"{figures.latency_ms.p99:,.0f} ms")
    return table


def _donors(donors: Sequence[DonorTotals]) -> Table:
    table = _table("Top donors, net", "contact", "region", ">gifts", ">net")
    for donor in donors:
        net = Text(every_currency(donor.net, "nothing"), style="green")
        table.add_row(donor.contact_id, donor.region or "", f"{donor.gifts:,}", net)
    return table


def _reached(reached: Sequence[ReachedContact]) -> Table:
    table = _table("Most contacted", "contact", ">e-mails", ">texts", ">talks", ">all")
    for one in reached:
        channels = (f"{one.emails:,}", f"{one.texts:,}", f"{one.conversations:,}")
        table.add_row(one.contact_id, *channels, Text(f"{one.total:,}", style="bold"))
    return table


def _tried(tried: Sequence[ExperimentLine]) -> Table:
    table = _table("What was tried, and what it says so far", "experiment", ">people", "")
    table.columns[-1].no_wrap = False  # on a narrow terminal names stay whole
    for one in tried:
        table.add_row(one.experiment, f"{one.people:,}", one.says)
    return table


def _evening(figures: EveningFigures) -> Table:
    table = _table("What there was to see in the evening", "", "")
    table.show_header = False
    table.columns[-1].no_wrap = False
    met = f"{figures.met / max(1, figures.doors + figures.calls):.0%}"
    table.add_row("field", f"{figures.doors:,} doors and {figures.calls:,} calls, {met} met")
    if figures.quiet_since is not None:
        at = datetime.fromtimestamp(figures.quiet_since / 1_000, ZoneInfo(ZONE))
        table.add_row("turf", f"{figures.quiet_turf}: nobody has knocked since {at:%H:%M}")
    table.add_row("gifts", money(figures.net, "USD"))
    table.add_row(figures.mailing, figures.near or "not near its limit")
    table.add_row(figures.experiment, figures.verdict or "not decided")
    refused = f"{figures.refused:,} records refused"
    if figures.is_quarantined:
        table.add_row(figures.broken, f"in quarantine: {refused}, {figures.released:,} good ones held and released")
    else:
        table.add_row(figures.broken, f"{refused}; not in quarantine, since all of them came at once")
    return table


def _verdict(story: DemoReport) -> Panel:
    differences = story.differences
    if not differences:
        compared = f"{story.compared:,} profiles and {counted(len(story.tried), 'experiment', 'experiments')}"
        text = f"{compared} recounted from what was sent: Redis and contact-state agree on each."
        if story.has_rights:
            text += " So do consent, provenance and who is due by retention, of everybody."
        return Panel(Text(text, style="green"), title="✓ self-check", border_style="green")
    lines = [Text(counted(len(differences), "difference", "differences"), style="bold red")]
    lines += [Text(str(difference)) for difference in differences[:_SHOWN_DIFFERENCES]]
    if len(differences) > _SHOWN_DIFFERENCES:
        lines.append(Text(f"and {len(differences) - _SHOWN_DIFFERENCES:,} more", style="dim"))
    return Panel(Group(*lines), title="✗ self-check", border_style="red")
