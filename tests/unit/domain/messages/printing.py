"""All that is printed of what `made` makes, line by line, to be compared with what was printed before."""

import json
from collections.abc import Iterator
from io import StringIO
from random import Random

import orjson
from rich.console import Console

from streams.domain.experiments.report.pages import page, summary_line
from streams.domain.experiments.report.summary import summary_of
from streams.history.daily_report.page import page_of, text_of
from streams.operations.status.alert_rules import findings
from streams.operations.status.screen import document, screen
from tests.unit.domain.messages.made import Away, a_report, a_result, observations

RESULTS, REPORTS, OBSERVATIONS = 10, 4, 12


def printed(away: Away) -> Iterator[str]:
    """Pages, lists and JSON of experiments, daily reports, status screens with their JSON."""
    yield from _experiments()
    yield from _reports()
    yield from _status(away)


def _experiments() -> Iterator[str]:
    rng = Random(7)
    for _ in range(RESULTS):
        result = a_result(rng)
        shown, summary = page(result), summary_of(result)
        yield from shown.warnings
        for part in (shown.facts, *(part.rows for part in shown.parts)):
            yield from (json.dumps(row, ensure_ascii=False) for row in part)
        yield from shown.notes
        yield json.dumps([summary, summary_line(summary)], ensure_ascii=False)


def _reports() -> Iterator[str]:
    rng = Random(11)
    for _ in range(REPORTS):
        yield from text_of(page_of(a_report(rng))).splitlines()


def _status(away: Away) -> Iterator[str]:
    rng = Random(13)
    for _ in range(OBSERVATIONS):
        seen = observations(rng, away)
        found = findings(seen)
        written = StringIO()
        Console(width=80, highlight=False, file=written).print(screen(seen, found))
        yield from written.getvalue().splitlines()
        yield orjson.dumps(document(seen, found)["alerts"]).decode()
