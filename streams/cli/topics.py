"""`harmonia topics`: make the topics, or say how they are."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.failures import failing_plainly, load_settings
from streams.cli.output import print_table, say

if TYPE_CHECKING:
    from streams.platform.settings import Settings

app = typer.Typer(help="The topics on the broker.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command()
def create(as_json: AsJson = False) -> None:
    """Make the topics that are missing, and say how many replicas each has; those that are there stay as they are."""
    from streams.platform.clients import KafkaClients
    from streams.platform.topics import create_topics, describe_topics

    settings = load_settings()
    with failing_plainly():
        admin = KafkaClients(settings).tool_admin()
        made = create_topics(admin, settings)
        replicas = {entry.topic.name: entry.replication for entry in describe_topics(admin, settings)}
        admin.close()
    if as_json:
        typer.echo(json.dumps({"created": made, "replicas": replicas}))
    else:
        say(f"created {', '.join(made)}" if made else "all topics are there")
        say(replicas_told(replicas))
        _say_prefix(settings)


@app.command()
def describe(as_json: AsJson = False) -> None:
    """Say how each topic is: partitions, replicas, what it is for. Exit code 1 when one is missing."""
    from streams.platform.clients import KafkaClients
    from streams.platform.topics import describe_topics

    settings = load_settings()
    with failing_plainly():
        admin = KafkaClients(settings).tool_admin()
        found = describe_topics(admin, settings)
        admin.close()
    if as_json:
        rows = [
            {"topic": entry.topic.name, "partitions": entry.partitions, "replication": entry.replication}
            for entry in found
        ]
        typer.echo(json.dumps(rows))
    else:
        print_table(
            ("topic", "partitions", "replicas", "cleanup", "what"),
            [
                (
                    entry.topic.name,
                    str(entry.partitions) if entry.partitions else "missing",
                    str(entry.replication),
                    entry.topic.cleanup,
                    entry.topic.purpose,
                )
                for entry in found
            ],
        )
        _say_prefix(settings)
    raise typer.Exit(0 if all(entry.partitions for entry in found) else 1)


def replicas_told(replicas: Mapping[str, int]) -> str:
    """How many replicas the topics have: of all alike one number, else the topics of each but the most common one."""
    counts = Counter(replicas.values()).most_common()
    if len(counts) == 1:
        return f"each has {_replicas(counts[0][0])}"
    odd = (
        f"{', '.join(sorted(name for name, found in replicas.items() if found == count))} with {_replicas(count)}"
        for count, _ in counts[1:]
    )
    return f"{counts[0][1]} have {_replicas(counts[0][0])}; {'; '.join(odd)}"


def _replicas(count: int) -> str:
    return f"{count} {'replica' if count == 1 else 'replicas'}"


def _say_prefix(settings: Settings) -> None:
    if settings.topic_prefix:
        say(f"on the broker {settings.topic_prefix} stands before each name (HARMONIA_TOPIC_PREFIX)")
