"""`harmonia permit check`: whether one person may be reached now, and why."""

from typing import Annotated, cast, get_args

import typer

from events.channels import Channel, Purpose, canonical_purpose
from streams.cli.help import lines_of
from streams.cli.naming import HELP, METAVAR


def purpose_of(said: str | None) -> str | None:
    """The purpose that somebody means, however it is spelt. Raises `typer.BadParameter` for what is none."""
    purpose = None if said is None else str(canonical_purpose(said))
    if purpose is not None and purpose not in get_args(Purpose):
        raise typer.BadParameter(f"{said!r} is not one of {', '.join(map(repr, get_args(Purpose)))}.")
    return purpose


def check(  # noqa: PLR0913 (options of a command)
    one: Annotated[str, typer.Argument(metavar=METAVAR, help=HELP)],
    *,
    channel: Annotated[Channel, typer.Option(help="How they are to be reached.")],
    purpose: Annotated[
        str, typer.Option(callback=purpose_of, metavar=f"<{lines_of([*get_args(Purpose)])}>", help="What for.")
    ] = "informational",
    team: Annotated[str, typer.Option(help="Who sends. Without it every touch was another team's.")] = "",
    campaign: Annotated[str | None, typer.Option(help="The campaign_id; one that is on hold is denied.")] = None,
    sender: Annotated[str | None, typer.Option(help="The number that texts are sent from.")] = None,
    list_: Annotated[str | None, typer.Option("--list", help="The list that mail is sent to.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: as POST /v1/permissions answers.")] = False,
) -> None:
    """Say whether one person may be reached now. Exit code 0: allow; 1: defer or deny, or nobody can say."""
    from streams.cli.permit_checked import tell_permission
    from streams.domain.pressure import PermissionRequest

    request = PermissionRequest(
        channel=channel,
        purpose=cast(Purpose, purpose),
        team=team,
        source=None,
        committee=None,
        election=None,
        campaign_id=campaign,
        sender=sender,
        list_id=list_,
    )
    tell_permission(one, request, as_json=as_json)
