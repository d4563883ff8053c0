"""`harmonia campaigns transparency`: who pays for a campaign, how much, for which election, and what is told of it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import orjson
import typer

from events.times import render_time
from events.topics import AUDIT_LOG, CAMPAIGN_TRANSPARENCY
from streams.cli.failures import WRONG_USE, failing_plainly, load_settings, refuse
from streams.cli.output import print_table, say
from streams.cli.time_options import now_ms
from streams.domain.display_names import printable

if TYPE_CHECKING:
    from events.outputs import CampaignTransparency
    from streams.domain.advertising.transparency import ChosenAudience
    from streams.platform.settings import Settings

_BY = "operator/harmonia"
_PATIENCE_S = 30.0
app = typer.Typer(help="Who pays for campaigns, and what is told of it.", no_args_is_help=True)
Campaign = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="The campaign_id of the ads.")]


@app.command("set")
def set_command(  # noqa: PLR0913 (options of a command)
    campaign: Campaign,
    *,
    sponsor: Annotated[str, typer.Option(help="Who pays, by full name.")],
    contact: Annotated[str, typer.Option(help="How to reach the sponsor: shown in the notice.")],
    amount: Annotated[str, typer.Option(metavar="AMOUNT", help="All that is paid, such as 1250.50.")],
    currency: Annotated[str, typer.Option(help="ISO 4217, such as EUR.")],
    begins: Annotated[str, typer.Option(metavar="DAY", help="First day, such as 2026-02-01.")],
    ends: Annotated[str, typer.Option(metavar="DAY", help="Last day.")],
    election: Annotated[str | None, typer.Option(help="The election that it is about.")] = None,
    controlled_by: Annotated[str | None, typer.Option(help="Who controls the sponsor, if somebody does.")] = None,
    funding: Annotated[Literal["private", "public", "mixed"] | None, typer.Option(help="Whose money it is.")] = None,
    basis: Annotated[str | None, typer.Option(help="How the amount was reckoned.")] = None,
    notice_url: Annotated[str | None, typer.Option(help="Where the notice is published; https.")] = None,
    by: Annotated[str, typer.Option(help="Who writes it down.")] = _BY,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Write down who pays for a campaign. Sent again it takes the place of what was said before, which stays kept."""
    from streams.domain.advertising.transparency import mistakes_in

    minor = _minor(amount, currency)
    record: CampaignTransparency = {
        "campaign_id": campaign,
        "sponsor": sponsor,
        "contact": contact,
        "amount": minor,
        "currency": currency,
        "begins": begins,
        "ends": ends,
        "by": by,
        "at": render_time(now_ms()),
    }
    if election is not None:
        record["election"] = election
    if controlled_by is not None:
        record["controlled_by"] = controlled_by
    if funding is not None:
        record["funding"] = funding
    if basis is not None:
        record["basis"] = basis
    if notice_url is not None:
        record["notice_url"] = notice_url
    if mistakes := mistakes_in(record):
        refuse("\n".join(f"{_option(each.field)}: {each.cure}" for each in mistakes), WRONG_USE)
    settings = load_settings()
    with failing_plainly():
        _send(settings, record)
    if as_json:
        typer.echo(orjson.dumps(record))
    else:
        say(f"{campaign}: written down; next: `harmonia campaigns transparency export CAMPAIGN --out FOLDER`")


@app.command("list")
def list_command(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """List the latest record of each campaign."""
    settings = load_settings()
    with failing_plainly():
        records = [versions[-1] for _, versions in sorted(_records(settings).items())]
    if as_json:
        typer.echo(orjson.dumps(records))
        return
    if not records:
        say("nothing is written down: `harmonia campaigns transparency set`, see docs/transparency.md")
    rows = [
        (each["campaign_id"], each["sponsor"], _amount(each), each.get("election", ""), each["begins"], each["ends"])
        for each in records
    ]
    print_table(("campaign", "sponsor", "amount", "election", "begins", "ends"), rows, right=(2,))


@app.command()
def export(
    campaign: Campaign,
    out: Annotated[Path, typer.Option("--out", file_okay=False, help="A new folder.")],
    language: Annotated[str, typer.Option(help="Of label and notice: en or fr.")] = "en",
) -> None:
    """Write the label and the notice of a campaign into a folder: label.txt, notice.html, notice.json.

    Whom it was directed to is told by the audiences that were exported for it in
    the last year. Exit code 1 when nothing is written down of the campaign.
    """
    from streams.cli.contact import write_bundle
    from streams.services.console.transparency_notice import notice_files
    from streams.services.console.words import LANGUAGES, Words

    settings = load_settings()
    known = {each: each for each in LANGUAGES}
    if language not in known:
        refuse(f"--language: give one of {', '.join(known)}", WRONG_USE)
    if out.exists():
        refuse("--out: that folder is there already; name a new one", WRONG_USE)
    with failing_plainly():
        records = _records(settings)
        if campaign not in records:
            _refuse_unknown(campaign, records)
        audiences = _audiences(settings, campaign)
    files = notice_files(records[campaign], audiences, Words(known[language], settings.time_zone))
    write_bundle(out, files)
    say(f"wrote {', '.join(files)} to {out}")


def _minor(amount: str, currency: str) -> int:
    """An amount in minor units of its currency."""
    from events.adapters.values import minor_units

    found = minor_units(amount, currency)
    if found is None:
        refuse(
            f"--amount: give an amount such as 1250.50, with no more decimals than {printable(currency)} has", WRONG_USE
        )
    return found


def _option(field: str) -> str:
    return "CAMPAIGN" if field == "campaign_id" else f"--{field.replace('_', '-')}"


def _amount(record: CampaignTransparency) -> str:
    from streams.domain.money import money

    return money(record["amount"], record["currency"])


def _send(settings: Settings, record: CampaignTransparency) -> None:
    """Write a record. Raises Kafka's errors, and `MissingTopic`."""
    from streams.platform.clients import KafkaClients
    from streams.platform.topics import require_topic

    require_topic(settings, CAMPAIGN_TRANSPARENCY)
    with closing(KafkaClients(settings).tool_producer()) as producer:
        key = record["campaign_id"].encode()
        producer.send(CAMPAIGN_TRANSPARENCY, orjson.dumps(record), key, partition=0).get(_PATIENCE_S)


def _records(settings: Settings) -> dict[str, list[CampaignTransparency]]:
    """Every version of each record, by campaign. Raises Kafka's errors, and `MissingTopic`."""
    from streams.domain.advertising.transparency import latest_records
    from streams.platform.clients import KafkaClients
    from streams.platform.topic_reading import records_of

    with closing(KafkaClients(settings).tool_consumer()) as consumer:
        return latest_records(record.value for record in records_of(consumer, CAMPAIGN_TRANSPARENCY))


def _audiences(settings: Settings, campaign: str) -> list[ChosenAudience]:
    from streams.domain.advertising.transparency import audiences_for
    from streams.platform.clients import KafkaClients
    from streams.platform.topic_reading import records_of

    with closing(KafkaClients(settings).tool_consumer()) as consumer:
        values = (record.value for record in records_of(consumer, AUDIT_LOG))
        return audiences_for(campaign, (orjson.loads(value) for value in values if value and b'"audience"' in value))


def _refuse_unknown(campaign: str, known: Iterable[str]) -> None:
    from events.spelling import did_you_mean

    near = did_you_mean(campaign, known)
    refuse(f"{printable(campaign)}: nothing is written down of it{near}; see `harmonia campaigns transparency list`")
