"""`python -m benchmarks.history.spark`: invent a lake, fold it by deploy/spark/fold.py on a Spark of this machine.

`make spark` runs it in an environment that has PySpark. What comes out is held to the stream, contact by contact, and
to `harmonia lake fold`, byte by byte.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import pyarrow.parquet as pq
import typer

from benchmarks.history import inventing
from benchmarks.history.streaming import differing
from benchmarks.processes import Meter, Usage
from benchmarks.report import table
from benchmarks.results import RESULTS, Figure, Section, write_results
from streams.history.refold.buckets import in_processes
from streams.history.refold.fold_files import PROFILES, STATES, fold_lake
from streams.local.kafka_runtime import find_java
from streams.platform.shutdown import signals_end_the_block

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "deploy" / "spark" / "fold.py"
COLUMNS = {STATES: ("version", "state"), PROFILES: ("version", "profile")}
ROWS_EACH = 100_000
"""Of a part, as of a bucket of `lake fold`."""
COMPARED = 2_000
"""About so many contacts are folded as the stream folds them, and compared. All are compared with `lake fold`."""


def main(
    rows: Annotated[int, typer.Option(min=1_000, help="About so many interactions.")] = 1_000_000,
    cores: Annotated[int, typer.Option(min=1, help="Cores that Spark may use, and processes of lake fold.")] = 2,
    seed: Annotated[int, typer.Option(help="Of another seed it is another lake.")] = 2026,
) -> None:
    """Measure, say what was measured, and keep it in benchmarks/results/spark.json. Exit code 1: something differs."""
    with signals_end_the_block(), TemporaryDirectory(prefix="spark-") as scratch:
        place = Path(scratch)
        lake, out, again = place / "lake", place / "out", place / "again"
        contacts = inventing.contacts_of(rows)
        count = sum(in_processes(partial(inventing.invent_day, lake, contacts, seed), range(inventing.DAYS), cores))
        typer.echo(f"{count:,} interactions of {contacts:,} contacts invented")
        with Meter([os.getpid()]) as meter:
            _fold_by_spark(lake, out, place / "local", cores, max(4 * cores, count // ROWS_EACH))
            usage = meter.read()
        fold_lake(lake.as_posix(), again, cores, typer.echo)
        compared = {name: _compared(out, again, name) for name in COLUMNS}
        streamed = differing(lake, out, max(1, contacts // COMPARED), seed)
        said = {"states": compared[STATES], "profiles": compared[PROFILES], "states of the stream": streamed}
        section = Section("History folded again by Spark", _figures(count, usage), tuple(_notes(count, cores, said)))
        typer.echo(table(section))
        write_results([section], RESULTS / "spark.json")
        if any(differ for _, differ in said.values()):
            raise typer.Exit(1)


def _fold_by_spark(lake: Path, out: Path, local: Path, cores: int, parts: int) -> None:
    """As the script is run on a cluster, with this machine as all of it; contacts are dealt into so many parts."""
    java = Path(find_java()).resolve()
    environment = {
        **os.environ,
        "JAVA_HOME": str(java.parent.parent),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    settings = [f"spark.local.dir={local}", "spark.ui.enabled=false", f"spark.sql.shuffle.partitions={parts}"]
    words = ["--master", f"local[{cores}]", *(word for each in settings for word in ("--conf", each))]
    submit = Path(sys.executable).with_name("spark-submit")
    log = local.with_name("spark.log")
    with log.open("wb") as output:
        told = [str(submit), *words, str(SCRIPT), lake.as_uri(), out.as_uri()]
        ended = subprocess.run(told, cwd=ROOT, env=environment, stdout=output, stderr=output, check=False)
    if ended.returncode:
        raise RuntimeError(f"spark-submit ended with {ended.returncode}\n{log.read_text()[-4000:]}")


def _compared(out: Path, again: Path, name: str) -> tuple[int, int]:
    """How many contacts there are in either, and how many are not the same in both, to the byte."""
    first, second = (dict(_contacts(folder / name, COLUMNS[name])) for folder in (out, again))
    everybody = first.keys() | second.keys()
    return len(everybody), sum(first.get(contact) != second.get(contact) for contact in everybody)


def _contacts(folder: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, tuple[object, ...]]]:
    for path in sorted(folder.glob("*.parquet")):
        found = pq.read_table(path, columns=["contact_id", *columns]).to_pydict()
        yield from zip(found["contact_id"], zip(*(found[column] for column in columns), strict=True), strict=True)


def _figures(count: int, usage: Usage) -> tuple[Figure, ...]:
    return (
        Figure("all", "rate", "interactions/s", (count / usage.wall_seconds,)),
        Figure("all", "wall time", "s", (usage.wall_seconds,)),
        Figure("all", "CPU", "µs an interaction", (usage.cpu_seconds / count * 1e6,)),
        Figure("all", "peak memory of all processes", "MB", (usage.peak_rss / 1e6,)),
    )


def _notes(count: int, cores: int, said: dict[str, tuple[int, int]]) -> Iterator[str]:
    yield f"{count:,} interactions, PySpark {version('pyspark')}, {cores} cores, its start with it"
    for name, (compared, differ) in said.items():
        yield f"{name}: {compared:,} contacts compared, {differ:,} differ"


if __name__ == "__main__":
    typer.run(main)
