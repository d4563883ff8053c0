"""`harmonia insights`: what happened, by hour or day, from the lake and what is not in it yet."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from streams.cli.failures import WRONG_USE, load_settings, refuse
from streams.cli.history import ask_history

if TYPE_CHECKING:
    from streams.insights.reading import Read
    from streams.insights.shapes import InsightsDocument


def insights(  # noqa: PLR0913 (options of a command)
    *,
    metric: Annotated[str, typer.Argument(metavar="METRIC", help="A type (email.sent), gross, net, clicks_human …")],
    by: Annotated[str, typer.Option(help="hour or day, in HARMONIA_TIME_ZONE.")] = "day",
    since: Annotated[str | None, typer.Option("--from", help="A date, or RFC 3339. Without it 30 days, or 2.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Up to but without this. Without it all of today.")] = None,
    campaign: Annotated[str | None, typer.Option(help="Only of this campaign_id.")] = None,
    team: Annotated[str | None, typer.Option(help="Only of this team.")] = None,
    region: Annotated[str | None, typer.Option(help="Only of people there, such as US-AZ.")] = None,
    channel: Annotated[str | None, typer.Option(help="Only by email, text, phone, door, letter …")] = None,
    split: Annotated[str | None, typer.Option(help="A series for each campaign, team, region or channel.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: as GET /v1/insights answers.")] = False,
) -> None:
    """Count what happened, copies and what was taken back left out, up to this moment."""
    from streams.cli.series import show
    from streams.insights.question import Mistake, question_of

    settings = load_settings()
    given = {"metric": metric, "by": by, "from": since, "to": until, "campaign": campaign, "team": team}
    given |= {"region": region, "channel": channel, "split": split}
    said = {name: value for name, value in given.items() if value is not None}
    question = question_of(said, settings.time_zone, time.time_ns() // 1_000_000)
    if isinstance(question, Mistake):
        name = "METRIC" if question.field == "metric" else f"--{question.field}"
        refuse(f"{name}: {question.cure}", WRONG_USE)

    def ask(read: Read) -> InsightsDocument:
        from streams.insights.documents import document_of
        from streams.insights.series import answer

        return document_of(question, answer(read.history, question), read.as_of)

    document = ask_history(settings, ask)
    if as_json:
        typer.echo(orjson.dumps(document))
    else:
        show(document)
