"""`harmonia insights`: what happened, by hour, day or week, from the lake and what is not in it yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import orjson
import typer

from events.times import render_time
from streams.cli.failures import WRONG_USE, failing_plainly, load_settings, refuse
from streams.cli.output import print_lines, print_table, say, waiting
from streams.cli.person import warn_of_what_is_missing
from streams.cli.time_options import now_ms
from streams.history.insights.spans import TOPIC_DAYS
from streams.platform.errors import KafkaAway
from streams.platform.shutdown import signals_end_the_block

if TYPE_CHECKING:
    from streams.domain.messages import CodedMessage
    from streams.history.insights.answering import LoadedHistory
    from streams.history.insights.known_values import TimeRange
    from streams.history.insights.question import InsightsDocument, Question, SeriesDocument
    from streams.platform.settings import Settings


def insights(  # noqa: PLR0913 (options of a command)
    *,
    metric: Annotated[
        str | None,
        typer.Argument(
            metavar="METRIC", help="A type (email.sent), gross, net, clicks_human …; none, with --campaign: all."
        ),
    ] = None,
    by: Annotated[str, typer.Option(help="hour, day or week (from Monday), in HARMONIA_TIME_ZONE.")] = "day",
    since: Annotated[
        str | None, typer.Option("--from", help="A date, or RFC 3339. Without it 30 days, by hour 2, by week 12 weeks.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="Up to but without this. Without it all of today.")] = None,
    campaign: Annotated[str | None, typer.Option(help="Only of this campaign_id.")] = None,
    team: Annotated[str | None, typer.Option(help="Only of this team.")] = None,
    region: Annotated[str | None, typer.Option(help="Only of people there, such as US-AZ.")] = None,
    channel: Annotated[str | None, typer.Option(help="Only by email, text, phone, door, letter …")] = None,
    split: Annotated[str | None, typer.Option(help="A series for each campaign, team, region or channel.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: as GET /v1/insights answers.")] = False,
) -> None:
    """Count what happened, copies and what was taken back left out, up to this moment.

    With --campaign and no METRIC: all that happened of one campaign, a line for each metric.
    """
    settings = load_settings()
    given = {"metric": metric, "by": by, "from": since, "to": until, "campaign": campaign, "team": team}
    given |= {"region": region, "channel": channel, "split": split}
    said = {name: value for name, value in given.items() if value is not None}
    questions = _questions(said, settings.time_zone)

    def ask(read: LoadedHistory) -> _Asked:
        from streams.history.insights.known_values import time_range_of, topic_began, unknown_value_remarks
        from streams.history.insights.series import answer_questions, document_of

        found = answer_questions(read.history, questions)
        known = time_range_of(read.history)
        asked = zip(questions, found, strict=True)
        documents = [document_of(question, one, read.as_of, known) for question, one in asked]
        is_remarked = not as_json and not any(map(has_counts, documents))
        remarks = unknown_value_remarks(read.history, questions[0].only) if is_remarked else []
        return _Asked(documents, known, remarks, topic_began(read.history))

    documents, known, unknown, began = read_history(settings, ask)
    warn_of_what_is_missing(settings)
    told = [document for document in documents if has_counts(document)]
    if as_json:
        typer.echo(orjson.dumps(told if metric is None else documents[0]))
    elif not told:
        show_nothing(documents[0], known, unknown)
    elif metric is None:
        show_all(told)
    else:
        show(documents[0], began)


class _Asked(NamedTuple):
    """Answers, the time range of all history, remarks on unknown names, and when the topic begins, without a lake."""

    documents: list[InsightsDocument]
    known: TimeRange | None
    remarks: list[CodedMessage]
    began: int | None


def _questions(said: dict[str, str], zone: str) -> list[Question]:
    """The question of the options, or one for each metric that a campaign may have."""
    from streams.history.insights.question import METRICS, ParameterMistake, question_of

    if "metric" not in said and ("campaign" not in said or "split" in said):
        refuse("METRIC: give one, such as email.sent; or --campaign without --split, for all of one", WRONG_USE)
    now = now_ms()
    metrics = [said["metric"]] if "metric" in said else METRICS
    found = [question_of({**said, "metric": metric}, zone, now) for metric in metrics]
    questions = [question for question in found if not isinstance(question, ParameterMistake)]
    for mistake in found:
        if not questions and isinstance(mistake, ParameterMistake):
            name = "METRIC" if mistake.field == "metric" else f"--{mistake.field}"
            refuse(f"{name}: {mistake.cure}", WRONG_USE)
    return questions


Answer = TypeVar("Answer")


def read_history(settings: Settings, question: Callable[[LoadedHistory], Answer]) -> Answer:
    """Ask history up to now: the lake and what is not in it yet. Ends the command where that cannot be read."""
    import duckdb

    from sinks.lake.manifests import LakeDamaged
    from streams.history.insights.answering import ask_now
    from streams.platform.clients import KafkaClients

    if settings.lake is None:
        from streams.domain.messages import english, message

        with failing_plainly():
            KafkaClients(settings).require_reachable()
        say(english(message("insights.no_lake", days=TOPIC_DAYS)), err=True)
    with (
        failing_plainly(),
        signals_end_the_block(),  # DuckDB may have rows of people in a temporary folder
        waiting("Reading history") as told,
    ):
        try:
            return ask_now(settings, question, told)
        except LakeDamaged as error:
            refuse(str(error))
        except KafkaAway:  # is an OSError too, and no fault of the lake
            raise
        except (OSError, duckdb.Error) as error:
            refuse(f"HARMONIA_LAKE cannot be read ({type(error).__name__}): is it where it was, and whole?")


_BARS = "▁▂▃▄▅▆▇█"
_WIDEST = 48
_BESIDE_METRICS = 36
"""Characters of a line of bars beside the longest name of a metric, in 80 columns."""
_BAR = 30


def has_counts(document: InsightsDocument) -> bool:
    """Whether a document has any count but zero."""
    return any(one["total"] or any(point["value"] for point in one["points"]) for one in document["series"])


def show_nothing(document: InsightsDocument, known: TimeRange | None, unknown: Sequence[CodedMessage] = ()) -> None:
    """Say that nothing was counted, and when there would be something. `known` None: never.

    `unknown`: what there is to say of names of which there is nothing at all, on whatever days.
    """
    from streams.domain.messages import english
    from streams.history.insights.known_values import known_range_message

    if known is not None and unknown:
        print_lines([*map(english, unknown), _as_of(document)])
        return
    span = f"from {_local(document['from'], document)} up to {_local(document['to'], document)}"
    only = "".join(f", {name} {value}" for name, value in document["only"].items())
    when = english(known_range_message(known, document["time_zone"]))
    print_lines([f"no data {span}{only}: {when}", _as_of(document)])


def show_all(documents: Sequence[InsightsDocument]) -> None:
    """Print several metrics of the same span, each as a line of bars."""
    rows = []
    for document in documents:
        for one in document["series"]:
            currency = f" in {one['currency']}" if len(document["series"]) > 1 else ""
            _, bars, total = _line(document, one, _BESIDE_METRICS)
            rows.append((f"{document['metric']}{currency}", bars, total))
    print_table(("metric", f"by {documents[0]['by']}", "total"), rows, right=(2,))
    print_lines([_spanned(documents[0], documents[0]["series"][0], _BESIDE_METRICS), _as_of(documents[0])])


def show(document: InsightsDocument, began: int | None = None) -> None:
    """Print the series of one document. A zero is shown where that is known.

    What ended before the first interaction of all history, or before the topic `began` (ms) where no lake is, is not
    known where nothing was counted.
    """
    series = document["series"]
    if len(series) == 1 and document["split"] is None:
        print_table((document["by"], document["metric"], ""), _points(document, series[0], began))
    else:
        heads = (document["split"] or "currency", f"by {document['by']}", document["metric"])
        print_table(heads, [_line(document, one) for one in series])
        print_lines([_spanned(document, series[0])])
    print_lines([f"total {_figure(one, one['total'])}" for one in series if document["split"] is None])
    if began is not None and document["from"] < render_time(began):
        since = _local(render_time(began), document)
        print_lines([f"no lake is set, and the topic begins on {since}: of before it there is only what came in later"])
    elif document["from"] < (first := document["known_since"] or ""):
        print_lines([f"nothing is known of before {_local(first, document)}"])
    if document["left_out"]:
        print_lines([f"and {document['left_out']} smaller ones"])
    print_lines([_as_of(document)])


def _as_of(document: InsightsDocument) -> str:
    return f"days of {document['time_zone']}; everything up to {document['as_of']}"


def sparkline(values: Sequence[int | float], widest: int = _WIDEST) -> str:
    """Bars from nothing to the largest value; of more values than there is room for, neighbours are added up."""
    step = _step(len(values), widest)
    sums = [sum(values[at : at + step]) for at in range(0, len(values), step)]
    largest = max(sums, default=0)
    if largest <= 0:
        return _BARS[0] * len(sums)
    return "".join(_BARS[round(max(value, 0) / largest * (len(_BARS) - 1))] for value in sums)


def _step(values: int, widest: int = _WIDEST) -> int:
    """How many values share one character."""
    return max(1, -(-values // widest))


def _spanned(document: InsightsDocument, one: SeriesDocument, widest: int = _WIDEST) -> str:
    """The words below lines of bars: their first and last time, and the span of a character."""
    first, last = (_local(one["points"][place]["at"], document) for place in (0, -1))
    step = _step(len(one["points"]), widest)
    return f"from {first} to {last}, {step} {document['by']}{'s' if step > 1 else ''} a character"


def _points(document: InsightsDocument, one: SeriesDocument, began: int | None) -> list[tuple[str, str, str]]:
    known = max(document["known_since"] or "", "" if began is None else render_time(began))
    ends = [*(point["at"] for point in one["points"][1:]), document["to"]]
    largest = max((point["value"] for point in one["points"]), default=0)
    return [
        (
            _local(point["at"], document),
            _figure(one, point["value"]) if point["value"] or end > known else "not known",
            "█" * round(_BAR * max(point["value"], 0) / largest) if largest > 0 else "",
        )
        for point, end in zip(one["points"], ends, strict=True)
    ]


def _line(document: InsightsDocument, one: SeriesDocument, widest: int = _WIDEST) -> tuple[str, str, str]:
    name = one["name"] if document["split"] else one.get("currency")
    return name or "–", sparkline([point["value"] for point in one["points"]], widest), _figure(one, one["total"])


def _figure(one: SeriesDocument, value: int | float) -> str:
    from streams.domain.money import money

    if "currency" in one:
        return money(int(value), one["currency"])
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


def _local(at: str, document: InsightsDocument) -> str:
    local = datetime.fromisoformat(at).astimezone(ZoneInfo(document["time_zone"]))
    return f"{local:%Y-%m-%d %H:%M}" if document["by"] == "hour" else f"{local:%Y-%m-%d}"
