"""A million rows at the console's `/send`, from the upload to the download, as a browser sends them.

The console and the process that judges the list are the real ones; while it judges, the page is looked at all the time.
"""

import asyncio
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import aiohttp

from benchmarks.asking.server import running
from benchmarks.console.readers import READERS, sign_in
from benchmarks.live.suite import at
from benchmarks.permit.filling import fill, looked_after
from benchmarks.permit.people import audience
from benchmarks.processes import Meter, Usage
from benchmarks.results import Figure, Goal, Section
from benchmarks.suites import Bench, BenchmarkFailed
from streams.demo.deployment import open_deployment
from streams.platform.settings import Settings

PEOPLE, QUICK_PEOPLE = 250_000, 5_000
ROWS, QUICK_ROWS = 1_000_000, 20_000
PAGE = Goal("at most", 200)
LOOK_EVERY_S = 0.2
_PATIENCE_S = 1_800.0
_LONG = aiohttp.ClientTimeout(total=_PATIENCE_S)
_QUESTION = {"channel": "letter", "purpose": "informational", "team": "digital", "campaign": "gotv-1"}
"""Letters have no hours, so what is measured does not hang on the time of day."""
_FIELD = re.compile(r'name="(csrf|once)" value="([^"]+)"')
_ALLOWED = re.compile(r"([\d,]+) of ([\d,]+) may be reached now")


@dataclass(frozen=True, slots=True)
class Sent:
    """Seconds of each step; `pages`: of each look meanwhile. `allowed`: rows that may be reached, and were downloaded.

    `peak`: the most memory of the console alone, bytes; `used`: by it and the processes that judged.
    """

    upload: float
    judging: float
    reserving: float
    download: float
    pages: list[float]
    allowed: int
    peak: int
    used: Usage


def lists(bench: Bench) -> Section:
    """Measure a list: uploaded, judged, reserved and downloaded."""
    people, rows = (QUICK_PEOPLE, QUICK_ROWS) if bench.quick else (PEOPLE, ROWS)
    bench.home.mkdir(parents=True, exist_ok=True)
    given = bench.home / "list.csv"
    with given.open("wb") as file:
        file.writelines(audience(people, rows, Random(bench.seed)))
    settings = Settings(_env_file=None, kafka_bootstrap=bench.stack.kafka_bootstrap, redis_url=bench.stack.redis_url)
    with open_deployment(settings):
        fill(settings, people, bench.seed, time.time_ns() // 1_000_000)
        with looked_after(settings):
            runs = [asyncio.run(_sent(bench, settings, given)) for _ in range(bench.rounds)]
    size = given.stat().st_size / 1e6
    given.unlink()
    bench.say(f"judged in {min(run.judging for run in runs):.1f} s, {runs[0].allowed:,} of {rows:,} allowed")
    note = (
        f"{rows:,} rows ({size:.0f} MB) against {people:,} profiles: nine tenths known people, one tenth nobody. The "
        f"page is looked at every {LOOK_EVERY_S:g} s while it is judged and reserved, by a process of low priority"
    )
    return Section("A list at the console", tuple(_figures(runs, rows)), (note,))


def _figures(runs: list[Sent], rows: int) -> Iterator[Figure]:
    for step in ("upload", "judging", "reserving", "download"):
        yield Figure(f"{rows:,} rows", step, "s", tuple(getattr(run, step) for run in runs))
    pages = sorted(1000 * seconds for run in runs for seconds in run.pages)
    yield Figure("/send meanwhile", "p95", "ms", (at(pages, 0.95),), PAGE)
    yield Figure("/send meanwhile", "most", "ms", (pages[-1],))
    yield Figure("the console", "memory at most", "MB", tuple(run.peak / 1e6 for run in runs))
    yield Figure("with those that judge", "memory at most", "MB", tuple(run.used.peak_rss / 1e6 for run in runs))
    yield Figure("with those that judge", "CPU", "µs a row", tuple(run.used.cpu_seconds / rows * 1e6 for run in runs))


async def _sent(bench: Bench, settings: Settings, given: Path) -> Sent:
    """One round, on a console of its own."""
    people = bench.home / "people.toml"
    people.write_text("\n".join(reader.toml for reader in READERS))
    environment = {
        "HARMONIA_CONSOLE_PEOPLE": str(people),
        "HARMONIA_CONSOLE_MAY": "judge reserve",
        "HARMONIA_PROFILES_OLDEST_S": "300",
        "HARMONIA_METRICS_PORT": "0",
    }
    with running("console", settings, environment, bench.home) as (url, pid), Meter([pid]) as meter:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), timeout=_LONG) as client:
            await sign_in(client, url, "mailer")
            browser = _Browser(client, url)
            with given.open("rb") as file:
                upload = await browser.post("/send/judge", list=file)
            judging = await browser.until_judged()
            reserving = await browser.post("/send/reserve") + await browser.until_judged()
            download, lines = await browser.download()
        if lines != browser.allowed + 1:
            raise BenchmarkFailed(f"{lines - 1} rows were downloaded, of {browser.allowed} that may be reached")
        used = meter.read()
        return Sent(upload, judging, reserving, download, browser.pages, browser.allowed, _peak(pid), used)


class _Browser:
    """Somebody at `/send`. `pages`: seconds of each look; `allowed`: rows that may be reached, once that is told."""

    def __init__(self, client: aiohttp.ClientSession, url: str) -> None:
        self._client, self._url = client, url
        self.pages: list[float] = []
        self.allowed = 0

    async def post(self, path: str, **files: object) -> float:
        """Send the form of a path; the seconds until it is answered. Raises BenchmarkFailed."""
        _, _, form = (await self._page()).partition(f'action="{path}"')
        data = aiohttp.FormData(quote_fields=False)
        for name, value in dict(_FIELD.findall(form.partition("</form>")[0])).items():
            data.add_field(name, value)
        for name, value in _QUESTION.items() if files else ():
            data.add_field(name, value)
        for name, file in files.items():
            data.add_field(name, file, filename="list.csv", content_type="text/csv")
        began = time.perf_counter()
        async with self._client.post(
            self._url + path, data=data, headers={"Origin": self._url}, allow_redirects=False
        ) as answer:
            if answer.status != 303:
                raise BenchmarkFailed(f"{path}: {answer.status} {(await answer.text())[-500:]}")
        return time.perf_counter() - began

    async def until_judged(self) -> float:
        """Look at the page until the list is judged; the seconds that took. Raises BenchmarkFailed."""
        began = time.perf_counter()
        while time.perf_counter() - began < _PATIENCE_S:
            looked = time.perf_counter()
            page = await self._page()
            self.pages.append(time.perf_counter() - looked)
            if "data-judging" not in page:
                told = _ALLOWED.search(page)
                if told is None:
                    raise BenchmarkFailed(f"the list was not judged: {page.partition('<main')[2][:500]}")
                self.allowed = int(told[1].replace(",", ""))
                return time.perf_counter() - began
            await asyncio.sleep(LOOK_EVERY_S)
        raise BenchmarkFailed(f"the list was not judged within {_PATIENCE_S:.0f} s")

    async def download(self) -> tuple[float, int]:
        """The seconds that the download took, and its lines."""
        began, lines = time.perf_counter(), 0
        async with self._client.get(f"{self._url}/send/download") as answer:
            async for piece in answer.content.iter_any():
                lines += piece.count(b"\n")
        return time.perf_counter() - began, lines

    async def _page(self) -> str:
        async with self._client.get(f"{self._url}/send") as answer:
            return await answer.text()


def _peak(pid: int) -> int:
    """The most memory that a process has had, bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return 0 if found is None else 1024 * int(found[1])
