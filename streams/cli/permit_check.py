"""`harmonia permit check`: whether one person may be reached now, and why."""

from typing import Annotated

import typer

from events.interactions.base import Channel, Purpose
from streams.cli.naming import HELP, METAVAR


def check(  # noqa: PLR0913 (options of a command)
    one: Annotated[str, typer.Argument(metavar=METAVAR, help=HELP)],
    *,
    channel: Annotated[Channel, typer.Option(help="How they are to be reached.")],
    purpose: Annotated[Purpose, typer.Option(help="What for.")] = "informational",
    team: Annotated[str, typer.Option(help="Who sends. Without it every touch was another team's.")] = "",
    campaign: Annotated[str | None, typer.Option(help="The campaign_id; one that is on hold is denied.")] = None,
    sender: Annotated[str | None, typer.Option(help="The number that texts are sent from.")] = None,
    list_: Annotated[str | None, typer.Option("--list", help="The list that mail is sent to.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: as POST /v1/permissions answers.")] = False,
) -> None:
    """Say whether one person may be reached now. Exit code 0: allow; 1: defer or deny, or nobody can say."""
    from streams.cli.permit_checked import tell_permission  # noqa: PLC0415 (for this command alone)
    from streams.pressure import PermissionRequest  # noqa: PLC0415

    request = PermissionRequest(
        channel=channel,
        purpose=purpose,
        team=team,
        source=None,
        committee=None,
        election=None,
        campaign_id=campaign,
        sender=sender,
        list_id=list_,
    )
    tell_permission(one, request, as_json=as_json)
