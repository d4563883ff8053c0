"""`harmonia hold`: puts a campaign on hold, or lifts it; from the moment the command succeeds nobody is allowed.

The order goes to its topic and is then awaited in Redis, from which every answer comes: what was only sent may still be
on its way while a mailing goes out.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from events.json_types import JSON
from events.times import render_time
from events.topics import CAMPAIGN_HOLDS
from streams.cli.failures import WRONG_USE, failing_plainly, load_settings, refuse
from streams.cli.output import print_table, say
from streams.cli.time_options import now_ms, parse_time_option

if TYPE_CHECKING:
    from streams.operations.campaign_holds import HoldOrder
    from streams.platform.settings import Settings

_BY = "operator/harmonia"


def hold(  # noqa: PLR0913 (options of a command)
    *,
    campaign: Annotated[str | None, typer.Option(help="The campaign_id that requests name.")] = None,
    until: Annotated[str | None, typer.Option(help="RFC 3339 with an offset; without it until it is lifted.")] = None,
    lift: Annotated[bool, typer.Option("--lift", help="End the hold at once.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="Show what is on hold.")] = False,
    by: Annotated[str, typer.Option(help="Who decides.")] = _BY,
    anyway: Annotated[bool, typer.Option("--anyway", help="Also a campaign of which nobody has heard.")] = False,
    wait: Annotated[float, typer.Option(min=0, max=600, help="Seconds to wait for Redis to show it.")] = 15.0,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Put a campaign on hold: whoever asks for it is denied. Exit code 1 when Redis does not show it in time."""
    from streams.cli.campaigns import require_known_campaign
    from streams.operations.campaign_holds import HoldOrder, send_order, wait_until_shown
    from streams.platform.topics import require_topic

    settings = load_settings()
    if listed:
        if campaign is not None or until is not None or lift:
            refuse("--list: give it alone", WRONG_USE)
        _list(settings, as_json=as_json)
        return
    order = HoldOrder(_campaign(campaign), _time_of(until, lift=lift), lift, by)
    with failing_plainly():
        require_topic(settings, CAMPAIGN_HOLDS)
        if not anyway:
            require_known_campaign(settings, order.campaign)
        was_on = _is_on_hold(settings, order.campaign) if lift else None
        offset = send_order(settings, order, now_ms())
        shown = wait_until_shown(settings, order, offset, wait)
    if not shown:
        refuse(
            f"sent to {CAMPAIGN_HOLDS} and accepted, so it will still be carried out; but Redis did not show it within "
            f"{wait:g} s: do not rely on it until `harmonia hold --list` shows it in force. Is a worker running, or "
            "did somebody else order otherwise?"
        )
    _print_outcome(order, was_on, as_json=as_json)


def _is_on_hold(settings: Settings, campaign: str) -> bool | None:
    """Whether Redis shows the campaign on hold now; None: it has no holds at all."""
    from sinks.holds import look_up_hold
    from streams.platform.clients import tool_redis

    with closing(tool_redis(settings)) as client:
        found = look_up_hold(client, campaign)
    return None if found is None else found.hold is not None and found.hold.binds(now_ms())


def _print_outcome(order: HoldOrder, was_on: bool | None, *, as_json: bool) -> None:
    """`was_on`: whether it was on hold before; None: nobody has looked, or could tell."""
    until = None if order.until is None else render_time(order.until)
    if as_json:
        typer.echo(orjson.dumps({"campaign_id": order.campaign, "on_hold": not order.lift, "until": until}))
    elif order.lift and was_on is False:
        say(f"{order.campaign} was not on hold, so nothing was lifted; see `harmonia hold --list`")
    elif order.lift:
        say(f"{order.campaign} is not on hold any more; Redis shows it")
    else:
        say(f"{order.campaign} may reach nobody {f'until {until}' if until else 'until it is lifted'}; Redis shows it")


def _list(settings: Settings, *, as_json: bool) -> None:
    """Print what was ordered, from the topic, and whether Redis has it, from which every answer comes."""
    from streams.cli.campaigns import holds_in
    from streams.cli.person import warn_of_what_is_missing
    from streams.platform.clients import KafkaClients

    with failing_plainly(), closing(KafkaClients(settings).tool_consumer()) as consumer:
        holds = holds_in(consumer)
    warn_of_what_is_missing(settings)
    now = now_ms()
    on = {campaign: until for campaign, until in sorted(holds.items()) if until is None or now < until}
    in_force = _in_force(settings)
    if as_json:
        rows: list[dict[str, JSON]] = [
            {
                "campaign_id": campaign,
                "until": None if until is None else render_time(until),
                "in_force": None if in_force is None else campaign in in_force,
            }
            for campaign, until in on.items()
        ]
        typer.echo(orjson.dumps(rows))
        return
    if not on:
        say("no campaign is on hold")
    print_table(
        ("campaign", "until", "in force"),
        [
            (campaign, "no end" if until is None else render_time(until), _said_of(campaign, in_force))
            for campaign, until in on.items()
        ],
    )
    for campaign in sorted((in_force or set()) - on.keys()):
        say(
            f"{campaign} is lifted, but Redis does not show it yet, so it is still denied; is a worker running?",
            err=True,
        )


def _in_force(settings: Settings) -> set[str] | None:
    """The campaigns that are denied now; None: Redis cannot be asked."""
    from redis.exceptions import RedisError

    from sinks.holds import look_up_holds
    from streams.platform.clients import tool_redis

    try:
        with closing(tool_redis(settings)) as client:
            return {hold.campaign_id for hold in look_up_holds(client) if hold.binds(now_ms())}
    except RedisError:
        return None


def _said_of(campaign: str, in_force: set[str] | None) -> str:
    if in_force is None:
        return "not known: Redis is away"
    return "yes" if campaign in in_force else "not yet: Redis does not show it"


def _campaign(given: str | None) -> str:
    from events.fields import MAX_ID

    if not given or len(given) > MAX_ID:
        refuse(f"--campaign: give the campaign_id, 1 to {MAX_ID} characters", WRONG_USE)
    return given


def _time_of(until: str | None, *, lift: bool) -> int | None:
    if until is None:
        return None
    if lift:
        refuse("--until: a hold that is lifted ends at once; leave it out", WRONG_USE)
    at = parse_time_option("--until", until)
    if at <= now_ms():
        refuse("--until: that time has passed, so nothing would be held", WRONG_USE)
    return at
