"""`harmonia register`: the register of processing, as far as the deployment itself knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from streams.cli.failures import WRONG_USE, failing_plainly, load_settings, refuse
from streams.cli.time_options import now_ms

if TYPE_CHECKING:
    from streams.domain.delivery.endpoints import Endpoint
    from streams.platform.settings import Settings
    from streams.services.register.scores import Definitions

app = typer.Typer(help="What is processed, why, how long, and who reads it.", no_args_is_help=True)


@app.callback()
def register() -> None:
    """Keep `export` a subcommand while it is the only one."""


@app.command()
def export(
    language: Annotated[str, typer.Option(help="Of the texts: en or fr.")] = "en",
    *,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask no server: segments and experiments are left out.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Write the register (GDPR, article 30) and the questions of an impact assessment, as Markdown.

    Made of settings, policy, lists of topics and what is defined; blanks are a human's to fill in. It shows no secret:
    of endpoints and vendors the names and hosts alone, of tokens the teams and scopes.
    """
    from streams.platform.policy_file import policy_of
    from streams.services.console.words import LANGUAGES, Words
    from streams.services.register.page import register_page
    from streams.services.register.record import register_of
    from streams.services.register.scores import Surroundings

    settings = load_settings()
    known = {each: each for each in LANGUAGES}
    if language not in known:
        refuse(f"--language: give one of {', '.join(known)}", WRONG_USE)
    words = Words(known[language], settings.time_zone)
    with failing_plainly():
        policy = policy_of(settings.policy, settings.regime)
        endpoints = _endpoints(settings)
        defined = None if offline else _definitions(settings)
        made = register_of(Surroundings(settings, policy, defined), endpoints, words, now_ms())
    if as_json:
        typer.echo(msgspec.json.encode(made))
    else:
        typer.echo(register_page(made, words), nl=False)


def _endpoints(settings: Settings) -> list[Endpoint]:
    """Without their secrets: these are of the user of `harmonia deliver`, and of no operator."""
    from streams.services.deliver.destinations import endpoints_of

    return [] if settings.deliver is None else endpoints_of(settings.deliver)


def _definitions(settings: Settings) -> Definitions:
    from streams.cli.experiments import read_known_definitions
    from streams.cli.segments import read_defined
    from streams.services.register.defined_rules import defined_rules

    segments, experiments = read_defined(settings), read_known_definitions(settings)
    return defined_rules(segments.definitions, experiments.definitions)
