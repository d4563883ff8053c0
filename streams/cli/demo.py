"""`harmonia demo`: the whole system on this machine, on real donations, checked at the end."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from streams.cli.failures import WRONG_USE, failing_plainly, load_settings, refuse, require_showable
from streams.cli.output import say

if TYPE_CHECKING:
    from streams.demo.run import DemoResult


def demo(  # noqa: PLR0913 (options of a command)
    *,
    seed: Annotated[int, typer.Option(help="What is invented around the real donations follows from it.")] = 2012,
    scale: Annotated[
        float, typer.Option(min=0.01, max=20, help="How much is invented; 1: about 55,000 records.")
    ] = 1.0,
    processes: Annotated[int, typer.Option(min=1, max=16, help="Worker processes.")] = 1,
    json: Annotated[Path | None, typer.Option("--json", dir_okay=False, help="Write the figures to this file.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave servers and workers running.")] = False,
    play: Annotated[
        bool,
        typer.Option(
            "--play",
            help="Replay an evening at an hour a minute: 20,000 doors and calls, two sends, a producer that breaks, a "
            "campaign that nears its limit, an experiment that decides; recounted by the oracle.",
        ),
    ] = False,
    regime: Annotated[
        Literal["us", "fr"],
        typer.Option(
            help="fr: an invented French campaign under that regime, whose consents, provenance and retention are "
            "recounted as well. It has no evening."
        ),
    ] = "us",
    hour: Annotated[float, typer.Option(min=0, max=60, help="With --play: the seconds that an hour takes.")] = 60.0,
) -> None:
    """Start everything, publish real donations and what teams do around them, and check every profile.

    At a terminal it ends with a link to the console, with an evening in it, until Ctrl-C; with --json or --keep it does
    not. Exit code 1 when a profile differs from the recount. Ctrl-C stops what was started, at any time.
    """
    if json is not None and not json.resolve().parent.is_dir():
        refuse(f"--json: there is no directory {json.resolve().parent}", WRONG_USE)
    if regime != "us" and play:
        refuse("--play: the evening is an American one: take it out, or --regime", WRONG_USE)
    settings = load_settings()
    if keep:
        require_showable(settings)
    console = Console()
    with failing_plainly():
        try:
            from streams.demo.browsing import at_terminal
            from streams.demo.run import DemoOptions, run_demo
        except ModuleNotFoundError as missing:
            refuse(f"The demo needs {missing.name}: pip install 'harmonia[local]'")
        browse = sys.stdin.isatty() and console.is_terminal and json is None and not keep and regime == "us"
        hour_s = hour if play else 0.0 if browse else None
        options = DemoOptions(seed, scale, processes, keep, hour_s, at_terminal(console) if browse else None, regime)
        ended = run_demo(settings, options, console)
    if json is not None:
        json.write_bytes(ended.story.figures.to_json())
    if keep:
        _print_how_to_reach(console, ended)
    for difference in ended.story.differences:
        say(str(difference), err=True)
    raise typer.Exit(1 if ended.story.differences else 0)


def _print_how_to_reach(console: Console, ended: "DemoResult") -> None:
    for line in _how_to_reach(ended, _this_command()):
        console.print(line, soft_wrap=True, highlight=False)


def _how_to_reach(ended: "DemoResult", command: str) -> Iterator[str]:
    environment = ended.environment
    yield from (f"{name}={value}" for name, value in environment.items())
    yield from (f"metrics: {address}" for address in ended.workers.addresses_now())
    yield f"worker log: {ended.log}"
    yield f"to stop: kill {ended.workers.process.pid}; HARMONIA_HOME={ended.log.parent} {command} local down"
    if ended.regime == "us":
        yield _segments_ahead()
    yield "\nto try, in a shell that has"
    yield f"  export {' '.join(f'{name}={value}' for name, value in environment.items())}"
    yield from (f"  {words}" for words in _to_try(ended, command))


def _segments_ahead() -> str:
    from streams.demo.segments import AHEAD

    hours = AHEAD // timedelta(hours=1)
    return f"segments stand at a moment {hours} hours ahead, for which they were checked, until the clock is there"


def _to_try(ended: "DemoResult", command: str) -> Iterator[str]:
    """Commands that show most of what the demo has left."""
    story = ended.story
    yield f"{command} status"
    yield from (f"{command} contact show {one.contact_id}" for one in story.figures.top_donors[:1])
    if ended.regime == "fr":
        yield f"{command} retention report --inactive"
        yield f"{command} retention report --purpose online_ads --until {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        yield from (f"{command} contact origin {one.contact_id}" for one in story.figures.top_donors[:1])
    else:
        yield f"{command} experiments {f'show {story.tried[0].experiment}' if story.tried else 'list'}"
        yield f"{command} segments list"
    yield f"{command} dead-letters group"
    yield f"{command} suppressions export --channel email --format csv"


def _this_command() -> str:
    """How `harmonia` was called, since it need not be on the path."""
    called = Path(sys.argv[0]).resolve()
    return str(called) if called.name == "harmonia" else "harmonia"
