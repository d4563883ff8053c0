"""`python -m benchmarks`: every suite on a stack of its own, one table, one JSON file, one chart."""

import fcntl
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from textwrap import fill
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.asking.suite import asking
from benchmarks.chart import Panel, svg
from benchmarks.console.suite import console as console_pages
from benchmarks.core.suite import core
from benchmarks.curves import draw as draw_curves
from benchmarks.deliver.suite import delivering
from benchmarks.desk.suite import desk
from benchmarks.destinations.suite import destinations
from benchmarks.experimenting.suite import experiments
from benchmarks.lists.suite import lists
from benchmarks.live.beside import beside
from benchmarks.live.suite import live
from benchmarks.peers import ratios
from benchmarks.peers.known import OURS, known_peers
from benchmarks.peers.suite import side_by_side
from benchmarks.permit.suite import permit
from benchmarks.pipeline.suites import PIPELINE
from benchmarks.postgres.following import postgres_follow
from benchmarks.postgres.suite import postgres
from benchmarks.receiving.suite import receiving
from benchmarks.report import table
from benchmarks.results import RESULTS, Section, measured_now, put_into, read_results, write_results
from benchmarks.segments.running import memberships
from benchmarks.segments.suite import segments_suite
from benchmarks.suites import BareSuite, Bench, BenchmarkFailed, Orders, Suite
from streams.local.errors import LocalStackError
from streams.local.stack import local_stack, stop
from streams.platform.settings import Settings

BARE: dict[str, BareSuite] = {
    "core": core,
    "desk": desk,
    "experiments": experiments,
    "segments": segments_suite,
    "postgres": postgres,
}
SUITES: dict[str, Suite] = {
    "peers": side_by_side,
    **PIPELINE,
    "memberships": memberships,
    "live": live,
    "beside": beside,
    "api": asking,
    "permit": permit,
    "lists": lists,
    "gateway": receiving,
    "deliver": delivering,
    "postgres-follow": postgres_follow,
    "destinations": destinations,
    "console": console_pages,
}
ALL = (*BARE, *SUITES)
_INTO_HELP = "Keep it in benchmarks/results/NAME.json and .md, such as load; what others measured there stays."


def main(  # noqa: PLR0913 (each is an option of the command)
    *,
    quick: Annotated[bool, typer.Option("--quick", help="One round with few events: does it work?")] = False,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of every suite.")] = 3,
    suite: Annotated[list[str] | None, typer.Option(help=f"Only this suite: {', '.join(ALL)}.")] = None,
    peer: Annotated[list[str] | None, typer.Option(help="Only this peer, such as kafka-streams-exactly-once.")] = None,
    events: Annotated[int | None, typer.Option(min=30_000, help="Events that each peer is given.")] = None,
    into: Annotated[str | None, typer.Option(metavar="NAME", help=_INTO_HELP)] = None,
    list_only: Annotated[bool, typer.Option("--list", help="What each suite measures; measures nothing.")] = False,
) -> None:
    """Measure, and keep what was measured below benchmarks/results."""
    if list_only:
        typer.echo(_what_each_measures())
        return
    console = Console(stderr=True, soft_wrap=True)
    chosen = suite or ALL
    if unknown := set(chosen).difference(ALL):
        raise typer.BadParameter(f"no suite {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    if peer and (strangers := set(peer) - (known := {each.slug for each in known_peers()})):
        raise typer.BadParameter(f"no peer {', '.join(sorted(strangers))}; there are {', '.join(sorted(known))}")
    if into is not None and not re.fullmatch("[a-z][a-z0-9-]*", into):
        raise typer.BadParameter("--into: give a name such as load, of a file in benchmarks/results without its ending")
    orders = Orders(rounds=1 if quick else rounds, quick=quick, events=events, peers=frozenset(peer or ()))
    whole = not (suite or peer or events)
    kept_as = into or ("quick" if quick else "bench" if whole else "part")
    before = read_results(RESULTS / f"{into}.json") if into else []
    sections: list[Section] = []
    failed: list[str] = []
    for name in chosen:
        try:
            sections.append(replace(_run(name, orders, console), measured=measured_now()))
        except (BenchmarkFailed, LocalStackError) as failure:
            console.print(f"{name}: {type(failure).__name__}: {failure}", highlight=False, markup=False)
            failed.append(name)
        else:
            _keep(put_into(before, sections), kept_as)  # after each: hours of figures are not lost with the last suite
    _show(sections, kept_as, console)
    if failed:
        console.print(f"no figures of {', '.join(failed)}", highlight=False, markup=False)
        raise typer.Exit(1)


def _what_each_measures() -> str:
    """A paragraph for each suite: its name, and the first line of what its module says."""
    width, indent = shutil.get_terminal_size().columns, max(map(len, ALL)) + 2
    return "\n".join(
        fill(f"{name:<{indent}}{_first_line(suite)}", width, subsequent_indent=" " * indent)
        for name, suite in {**BARE, **SUITES}.items()
    )


def _first_line(suite: Suite | BareSuite) -> str:
    return (sys.modules[suite.__module__].__doc__ or "").partition("\n")[0]


def _run(name: str, orders: Orders, console: Console) -> Section:
    """One suite, on a fresh stack of which nothing stays if it needs one."""
    console.print(f"[bold]{name}[/bold]")
    if name in BARE:
        return BARE[name](orders)
    home = Settings().home.resolve() / "bench"
    with _alone(home):
        stop(home, wipe=True)
        shutil.rmtree(home / "work", ignore_errors=True)
        try:
            with local_stack(home) as stack:
                bench = Bench(stack=stack, stack_home=home, home=home / "work", console=console, **asdict(orders))
                return SUITES[name](bench)
        finally:
            stop(home, wipe=True)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Two at once would stop each other's servers, and measure each other."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "bench.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BenchmarkFailed(f"another benchmark runs in {home}") from None
        yield


def _keep(sections: list[Section], name: str) -> None:
    write_results(sections, RESULTS / f"{name}.json")
    (RESULTS / f"{name}.md").write_text(_text(sections))
    _draw(sections, RESULTS / f"{name}.svg")
    draw_curves(RESULTS / f"{name}.json", RESULTS / "before.json", RESULTS / f"{name}-curves.svg")


def _text(sections: list[Section]) -> str:
    return "\n".join(table(section) for section in sections)


def _show(sections: list[Section], name: str, console: Console) -> None:
    if not sections:
        return
    typer.echo(_text(sections))
    kept = ", ".join(sorted(file.name for file in RESULTS.glob(f"{name}*")))
    console.print(f"Kept in benchmarks/results: {kept}", highlight=False)


def _draw(sections: list[Section], file: Path) -> None:
    figures = [figure for section in sections for figure in section.figures]
    cpu = [figure for figure in figures if figure.name == ratios.CPU]
    throughput = [figure for figure in figures if figure.name == ratios.THROUGHPUT]
    if cpu and throughput:
        panels = [
            Panel("CPU per event", cpu, less_is_better=True),
            Panel("Throughput of one process", throughput, less_is_better=False),
        ]
        file.write_text(svg(panels, OURS))


if __name__ == "__main__":
    typer.run(main)
