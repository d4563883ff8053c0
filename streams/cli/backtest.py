"""`harmonia backtest`: what another policy would have said to the past, and what became of those people."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from rich.console import Console

from streams.cli.experiments import print_page
from streams.cli.failures import WRONG_USE, failing_plainly, load_settings, refuse
from streams.cli.output import say
from streams.cli.time_options import parse_span_options
from streams.platform.shutdown import signals_end_the_block

if TYPE_CHECKING:
    from streams.domain.pressure import Policy
    from streams.history.backtest.backtest_run import BacktestOptions, BacktestResult
    from streams.history.lake.coverage import LakeGap
    from streams.platform.settings import Settings

_errors = Console(stderr=True, highlight=False)


def backtest(  # noqa: PLR0913 (options of a command)
    *,
    policy: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="The policy to try, TOML.")],
    against: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Another one; without it that of HARMONIA_POLICY.")
    ] = None,
    lake: Annotated[str | None, typer.Option(help="A lake or a folder of its files; without it HARMONIA_LAKE.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="A date or RFC 3339 time: touches since.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="And before this one.")] = None,
    cascade: Annotated[
        bool, typer.Option("--cascade", help="What a policy does not allow does not count for later touches.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(dir_okay=False, metavar="FILE.html", help="Tables and charts in one file.")
    ] = None,
    processes: Annotated[int | None, typer.Option(min=1, help="As many as there are cores, if not given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: every count.")] = False,
) -> None:
    """Ask a policy about every touch of the past, as it was known just before it, beside the policy that holds now."""
    from streams.history.backtest.backtest_run import BacktestOptions, end_of
    from streams.history.backtest.report.figures import json_of
    from streams.history.backtest.report.pages import page
    from streams.history.backtest.touch_history import TimeSpan
    from streams.platform.policy_file import policy_of

    settings = load_settings()
    place = lake or settings.lake or refuse("give --lake, or set HARMONIA_LAKE: where the past lies", WRONG_USE)
    first, last = parse_span_options(since, until)
    span = TimeSpan(TimeSpan().since if first is None else first, TimeSpan().until if last is None else last)
    with failing_plainly(), _reading(place):
        old = policy_of(settings.policy, settings.regime) if against is None else _policy(against)
        before = against or settings.policy
        orders = BacktestOptions(
            new=_policy(policy),
            old=old,
            span=span,
            cascade=cascade,
            end=end_of(place),
            new_name=policy.name,
            old_name="the default policy" if before is None else before.name,
            gap=_gap(settings, place),
        )
        result = _run(place, orders, processes or os.cpu_count() or 1)
    if out is not None:
        _write(out, result, orders)
    if as_json:
        typer.echo(orjson.dumps(json_of(result, orders)))
    else:
        print_page(page(result, orders, Console().width))


def _gap(settings: Settings, place: str) -> LakeGap | None:
    """What the lake lacks of the topic; a line where nobody can tell, and None."""
    from aiokafka.errors import KafkaError as AioKafkaError
    from kafka.errors import KafkaError

    from sinks.lake.files import open_files
    from sinks.lake.manifests import is_lake
    from streams.history.lake.coverage import lake_gap
    from streams.platform.errors import HiddenTopic, KafkaAway, MissingTopic
    from streams.platform.tried_address import kafka_address_tried

    files = open_files(place)
    if not is_lake(files):
        return None
    try:
        return lake_gap(settings, files)
    except (KafkaError, AioKafkaError, KafkaAway) as error:
        why = f"Kafka does not answer ({type(error).__name__}): {kafka_address_tried(settings)}"
    except (HiddenTopic, MissingTopic) as error:
        why = str(error)
    say(f"how far the lake is behind the topic interactions is not known: {why}", err=True)
    return None


def _policy(file: Path) -> Policy:
    from streams.domain.pressure import FileMistakes, read_policy

    try:
        found = read_policy(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        refuse(f"{file}: not UTF-8, as TOML has to be")
    if isinstance(found, FileMistakes):
        refuse("\n".join(f"{file}: {mistake}" for mistake in found.found))
    return found


@contextmanager
def _reading(place: str) -> Iterator[None]:
    from sinks.lake.manifests import LakeDamaged

    try:
        yield
    except FileNotFoundError:
        refuse(f"{place}: a file in it is gone; where files are merged at this time, run it again")
    except (LakeDamaged, ValueError) as error:
        refuse(f"{place}: {error}")
    except OSError as error:
        refuse(f"{place}: {error.strerror or type(error).__name__}")


def _write(path: Path, result: BacktestResult, orders: BacktestOptions) -> None:
    from streams.history.backtest.report.html import html_of

    content = html_of(result, orders)
    try:
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        refuse(f"--out: {path}: {error.strerror}")
    say(f"written into {path}", err=True)


def _run(place: str, orders: BacktestOptions, processes: int) -> BacktestResult:
    from streams.history.backtest.backtest_run import backtest as run

    with (
        signals_end_the_block(),  # rows of people are in the folder
        tempfile.TemporaryDirectory(prefix="harmonia-backtest-") as folder,
        _errors.status("Asking the past"),
    ):
        return run(place, orders, Path(folder) / "spills", processes)
