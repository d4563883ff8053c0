"""`harmonia contact`: what is known of one person, read from Redis."""

import asyncio
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.pretty import Pretty

from sinks.base import Stored
from sinks.profiles import contact_of, read_profile
from streams.cli.failures import failing_plainly, load_settings, refuse
from streams.clients import redis_client
from streams.settings import Settings

app = typer.Typer(help="One person.", no_args_is_help=True)


@app.callback()
def contact() -> None:
    """Keep `show` a subcommand while it is the only one."""


@app.command()
def show(
    who: Annotated[str, typer.Argument(metavar="ID_OR_EMAIL", help="A contact_id, or an e-mail address.")],
    as_json: Annotated[bool, typer.Option("--json", help="The profile as it is in contact-state.")] = False,
) -> None:
    """Show the profile of a contact. Exit code 1 when there is none."""
    settings = load_settings()
    with failing_plainly():
        found = asyncio.run(_find(settings, who))
    if found is None:
        refuse("no such contact")
    contact_id, stored = found
    if stored.erased:
        refuse(f"{contact_id} has been erased")
    if stored.state is None:
        refuse(f"{contact_id} has been merged into {stored.merged_into}")
    if as_json:
        typer.echo(stored.state)
    else:
        Console().print(Pretty(orjson.loads(stored.state), expand_all=True))


async def _find(settings: Settings, who: str) -> tuple[str, Stored] | None:
    client = redis_client(settings)
    try:
        for contact_id in _candidates(settings, who):
            known = await contact_of(client, contact_id) or contact_id
            if stored := await read_profile(client, known):
                return known, stored
        return None
    finally:
        await client.aclose()


def _candidates(settings: Settings, who: str) -> list[str]:
    if "@" not in who:
        return [who]
    return settings.hasher.lookups("email", who)
