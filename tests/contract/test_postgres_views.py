"""What the views of PostgreSQL give to those who read them: in which units, and that docs/postgres.md says so."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import asyncpg
import orjson
import pytest

from events.adapters.values import decimals
from events.experiments.metrics import METRICS, UNITS
from events.topics import EXPERIMENT_RESULTS
from sinks.postgres.database import PostgresDatabase, migrations
from sinks.postgres.rows import RecordChange
from sinks.postgres.sink import PostgresRecords
from streams.demo.segments import tables as demo_segments
from streams.local.postgres import PostgresServer
from tests.contract.contact_sink import STALE_AFTER, at

PAGE = Path("docs/postgres.md").read_text(encoding="utf-8")
SUM, MEAN, EFFECT, LOW, HIGH = 1_234_567, 12.25, 3.5, -0.125, 7.1


def experiment_result(currency: str) -> bytes:
    """A result as the topic has it, with the same figures for every metric."""
    metrics = {metric: {"sum": SUM, "mean": MEAN} for metric in METRICS}
    judged = {"level": 0.95, "p_always_valid": 0.25, "e_value": 0.5, "discovery": False, "provisional": True}
    compared = {"variant": "B", "baseline": "A", "effect": EFFECT, "low": LOW, "high": HIGH, **judged}
    return orjson.dumps(
        {
            "experiment": currency,
            "as_of": "2012-02-22T10:00:00.000Z",
            "status": "running",
            "contaminated": 0,
            "currency": currency,
            "variants": {"A": {"assigned": 3, "metrics": metrics}, "B": {"assigned": 0, "metrics": {}}},
            "comparisons": [{"metric": metric, **compared} for metric in METRICS],
            "sample_ratio": {"p_always_valid": 1.0, "broken": False},
            "guardrails": [],
        }
    )


@pytest.mark.parametrize("is_upgraded", [False, True], ids=["made anew", "made by the views of before"])
async def test_figures_of_experiments_are_whole_acts_and_whole_money(
    postgres: PostgresServer, database: PostgresDatabase, reader: asyncpg.Connection, *, is_upgraded: bool
) -> None:
    """The topic has thousandths of acts and minor units; other views have whole ones."""
    currencies = "USD", "JPY", "KWD"
    sink = PostgresRecords(database, EXPERIMENT_RESULTS, stale_after=STALE_AFTER)
    records = [RecordChange(currency, experiment_result(currency)) for currency in currencies]
    assert await sink.write(0, records, None, at(len(records)))
    if is_upgraded:
        await before_units(reader)
        await reader.execute("GRANT SELECT ON harmonia.experiment_results TO pg_monitor")
        again = PostgresDatabase(postgres.url)
        await again.call("SELECT 1")
        await again.close()
        asked = "SELECT has_table_privilege('pg_monitor', 'harmonia.experiment_results', 'SELECT')"
        assert await reader.fetchval(asked)
    sums = await reader.fetch(
        "SELECT experiment, metric, sum, mean, unit FROM harmonia.experiment_results WHERE metric IS NOT NULL"
    )
    effects = await reader.fetch(
        "SELECT experiment, metric, effect, low, high, unit FROM harmonia.experiment_comparisons"
    )
    pairs = [(currency, metric) for currency in currencies for metric in METRICS]
    assert {(row[0], row[1]): tuple(row)[2:] for row in sums} == {
        (currency, metric): (*in_whole(currency, metric, SUM, MEAN), unit_of(currency, metric))
        for currency, metric in pairs
    }
    assert {(row[0], row[1]): tuple(row)[2:] for row in effects} == {
        (currency, metric): (*in_whole(currency, metric, EFFECT, LOW, HIGH), unit_of(currency, metric))
        for currency, metric in pairs
    }


async def before_units(reader: asyncpg.Connection) -> None:
    """Have the schema as it was before figures were divided, with all its rows."""
    views = next(text for number, text in migrations() if number == 2)
    former = views[views.index("CREATE VIEW harmonia.experiment_results") :]
    await reader.execute("DROP VIEW harmonia.experiment_results, harmonia.experiment_comparisons;" + former)
    await reader.execute("DELETE FROM harmonia.migrations WHERE number >= 4")


def in_whole(currency: str, metric: str, *figures: float) -> list[Decimal]:
    match UNITS[metric]:
        case "thousandths":
            digits = 3
        case "money":
            digits = decimals(currency)
        case _:
            digits = 0
    return [Decimal(str(figure)).scaleb(-digits) for figure in figures]


def unit_of(currency: str, metric: str) -> str:
    return {"thousandths": "acts", "money": currency, "part": "people"}[UNITS[metric]]


async def test_the_page_has_every_column_of_every_view_and_every_table(
    database: PostgresDatabase, reader: asyncpg.Connection
) -> None:
    columns = await reader.fetch(
        "SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position) FROM information_schema.columns "
        "JOIN information_schema.tables USING (table_schema, table_name) "
        "WHERE table_schema = 'harmonia' AND table_type = 'VIEW' GROUP BY 1"
    )
    told = re.findall(r"^\| `(\w+)` \| (?:[^|]+) \| ((?:`\w+`(?:, )?)+) \|$", PAGE, re.MULTILINE)
    assert {view: re.findall(r"\w+", each) for view, each in told} == {row[0]: row[1] for row in columns}
    tables = await reader.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'harmonia'")
    assert {row[0] for row in tables} <= {*re.findall(r"`(?:harmonia\.)?(\w+)`", PAGE)}


async def test_the_examples_of_the_page_are_queries_that_run(
    database: PostgresDatabase, reader: asyncpg.Connection
) -> None:
    examples = re.findall(r"^```sql\n(SELECT .*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert examples
    for each in examples:
        await reader.fetch(each)
    asked = set(re.findall(r"segment_id = '([\w-]+)'", PAGE))
    assert asked <= {each["id"] for each in demo_segments(datetime.now(UTC))}, "they give rows in the demo"
