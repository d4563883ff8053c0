"""`harmonia insights`: what happened, by hour, day or week, from the lake and what is not in it yet."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from streams.cli.failures import WRONG_USE, load_settings, refuse
from streams.cli.history import ask_history

if TYPE_CHECKING:
    from streams.history.insights.answering import LoadedHistory
    from streams.history.insights.known_values import TimeRange
    from streams.history.insights.question import Question
    from streams.history.insights.shapes import InsightsDocument


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
    from streams.cli.series import says_something, show, show_all, show_nothing

    settings = load_settings()
    given = {"metric": metric, "by": by, "from": since, "to": until, "campaign": campaign, "team": team}
    given |= {"region": region, "channel": channel, "split": split}
    said = {name: value for name, value in given.items() if value is not None}
    questions = _questions(said, settings.time_zone)

    def ask(read: LoadedHistory) -> tuple[list[InsightsDocument], TimeRange | None, list[str]]:
        from streams.history.insights.known_values import time_range_of, unknown_value_remarks
        from streams.history.insights.series import answers, document_of

        found = answers(read.history, questions)
        documents = [document_of(question, one, read.as_of) for question, one in zip(questions, found, strict=True)]
        if as_json or any(map(says_something, documents)):
            return documents, None, []
        return documents, time_range_of(read.history), unknown_value_remarks(read.history, questions[0].only)

    documents, known, unknown = ask_history(settings, ask)
    told = [document for document in documents if says_something(document)]
    if as_json:
        typer.echo(orjson.dumps(told if metric is None else documents[0]))
    elif not told:
        show_nothing(documents[0], known, unknown)
    elif metric is None:
        show_all(told)
    else:
        show(documents[0])


def _questions(said: dict[str, str], zone: str) -> list[Question]:
    """The question, or one for each metric that a campaign may have."""
    from streams.history.insights.question import METRICS, ParameterMistake, question_of

    if "metric" not in said and ("campaign" not in said or "split" in said):
        refuse("METRIC: give one, such as email.sent; or --campaign without --split, for all of one", WRONG_USE)
    now = time.time_ns() // 1_000_000
    metrics = [said["metric"]] if "metric" in said else METRICS
    found = [question_of({**said, "metric": metric}, zone, now) for metric in metrics]
    questions = [question for question in found if not isinstance(question, ParameterMistake)]
    for mistake in found:
        if not questions and isinstance(mistake, ParameterMistake):
            name = "METRIC" if mistake.field == "metric" else f"--{mistake.field}"
            refuse(f"{name}: {mistake.cure}", WRONG_USE)
    return questions
