"""`python -m benchmarks.screenshots`: play an evening, and keep a picture of each dashboard in docs/screenshots."""

import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.screenshots.dashboards import FOLDER, panels, title_of
from benchmarks.screenshots.drawing import svg
from benchmarks.screenshots.evening import evening
from streams.local.errors import LocalStackError

PICTURES = Path(__file__).parents[2] / "docs" / "screenshots"
REMARK = "the demo's evening in {minutes:g} minutes: 30 seconds stand for an hour; drawn from the dashboard's JSON"


def main(
    minutes: Annotated[float, typer.Option(min=0.5, help="How long the evening takes.")] = 5.0,
    scale: Annotated[float, typer.Option(min=0.01, help="How much is invented; 1: about 54,000 records.")] = 1.0,
    seed: Annotated[int, typer.Option(help="What is invented follows from it.")] = 2012,
) -> None:
    """Play an evening and draw it."""
    folder = Path(tempfile.mkdtemp())
    try:
        with evening(folder, minutes * 60, scale, seed) as seen:
            PICTURES.mkdir(exist_ok=True)
            for file in sorted(FOLDER.glob("*.json")):
                drawn = panels(file.stem, seen.prometheus, seen.span)
                picture = svg(title_of(file.stem), REMARK.format(minutes=minutes), drawn, seen.span)
                (PICTURES / f"{file.stem}.svg").write_text(picture)
                typer.echo(PICTURES / f"{file.stem}.svg")
    except LocalStackError as failure:
        typer.echo(str(failure), err=True)
        raise typer.Exit(1) from failure
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    typer.run(main)
