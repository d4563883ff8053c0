"""`python -m benchmarks.screenshots.console`: run the demo, and keep pictures of the console in docs/screenshots.

Needs Debian's chromium: `sh tests/browser/packages.sh`.
"""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer
from playwright.sync_api import Browser, sync_playwright
from rich.console import Console

from benchmarks.screenshots.__main__ import PICTURES
from streams.demo.console_processes import DemoConsole
from streams.demo.run import DemoOptions, run_demo
from streams.platform.errors import EngineError
from streams.platform.settings import Settings

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTH, HEIGHT = 1280, 1120
LIVE_WITHIN_MS = 30_000
NOT_KNOWN_YET = "is not known yet"
"""What the page says of what is still being looked at: that is no picture of it."""


def main(
    seed: Annotated[int, typer.Option(help="What is invented follows from it.")] = 2012,
    scale: Annotated[float, typer.Option(min=0.01, help="How much is invented; 1: about 160,000 records.")] = 1.0,
    path: Annotated[str, typer.Option(help="The page of the console.")] = "/",
    out: Annotated[Path, typer.Option(help="The folder for the pictures.")] = PICTURES,
) -> None:
    """Draw a page of the console with the demo's data, light and dark."""
    chromium = shutil.which("chromium")
    if chromium is None:
        typer.echo("there is no chromium: sh tests/browser/packages.sh", err=True)
        raise typer.Exit(2)
    home = Path(tempfile.mkdtemp())
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            options = DemoOptions(seed, scale, hour_s=0.0, visit=_drawing(browser, path, out))
            run_demo(Settings(_env_file=None, home=home), options, Console(stderr=True))
    except EngineError as failure:
        typer.echo(str(failure), err=True)
        raise typer.Exit(1) from failure
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _drawing(browser: Browser, path: str, out: Path) -> Callable[[DemoConsole, Callable[[], None]], None]:
    def draw(running: DemoConsole, _: Callable[[], None]) -> None:
        for scheme in SCHEMES:
            context = browser.new_context(
                viewport={"width": WIDTH, "height": HEIGHT},
                color_scheme=scheme,
                locale="en-US",
                reduced_motion="reduce",
            )
            page = context.new_page()
            page.goto(running.new_link())
            page.goto(running.address + path)
            page.wait_for_selector("#live.on", timeout=LIVE_WITHIN_MS)
            page.get_by_text(NOT_KNOWN_YET).wait_for(state="detached", timeout=LIVE_WITHIN_MS)
            page.evaluate("document.fonts.ready")
            file = out / f"console-{scheme}.png"
            page.screenshot(path=file, animations="disabled")
            context.close()
            typer.echo(file)

    return draw


if __name__ == "__main__":
    typer.run(main)
