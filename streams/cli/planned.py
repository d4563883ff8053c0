"""`experiment-definitions` as commands read and write it.

All partitions say the same, since each partition of the contacts folds its own copy. The first one is written last, and
read: what it says, all others say, also after a command that was cut short. Where two commands got into each other's
way, the next one gives each partition what it lacks.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from events.experiments import ExperimentDefinition
from events.refusal import Refusal
from events.topics import EXPERIMENT_DEFINITIONS
from streams.cli.failures import refuse
from streams.domain.experiments.definition_files import read_definitions
from streams.domain.experiments.definition_records import fold_definition, missing_definitions
from streams.domain.file_mistakes import FileMistakes
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topic_reading import records_of

Said = tuple[bytes, bytes | None]
"""Key and value of a record."""


@dataclass(frozen=True, slots=True)
class Planned:
    """`definitions` by experiment; `unreadable`: why records say nothing, by their keys, as those of later versions."""

    definitions: dict[str, ExperimentDefinition] = field(default_factory=dict)
    unreadable: dict[str, Refusal] = field(default_factory=dict)

    def take(self, key: bytes | None, value: bytes | None) -> None:
        """Do what a record says."""
        refusal = fold_definition(self.definitions, key, value)
        experiment = (key or b"").decode(errors="replace")
        if refusal is None:
            self.unreadable.pop(experiment, None)
        else:
            self.unreadable[experiment] = refusal


def read_planned(settings: Settings) -> Planned:
    """What is defined. Raises `MissingTopic`, and Kafka's errors."""
    planned = Planned()
    with closing(KafkaClients(settings).tool_consumer()) as consumer:
        for record in records_of(consumer, EXPERIMENT_DEFINITIONS, [0]):
            planned.take(record.key, record.value)
    return planned


def write_planned(settings: Settings, records: Sequence[Said]) -> None:
    """Have every partition say these; all replicas have them then. Raises Kafka's errors."""
    clients = KafkaClients(settings)
    there = _said(clients)
    with closing(clients.tool_producer()) as producer:
        for partitions in (range(1, len(there)), range(1)):
            futures = [
                producer.send(EXPERIMENT_DEFINITIONS, value, key, partition=number)
                for number in partitions
                for key, value in missing_definitions(dict(records), there[number])
            ]
            for future in futures:
                future.get()


def _said(clients: KafkaClients) -> list[dict[bytes, bytes | None]]:
    """What each partition says, by key."""
    said: list[dict[bytes, bytes | None]] = [{} for _ in clients.partitions_of(EXPERIMENT_DEFINITIONS)]
    with closing(clients.tool_consumer()) as consumer:
        for record in records_of(consumer, EXPERIMENT_DEFINITIONS):
            said[record.partition][record.key or b""] = record.value
    return said


def definitions_in(file: Path) -> list[ExperimentDefinition]:
    """The definitions of a file; ends the command with exit code 1 and every mistake when it has any."""
    try:
        text = file.read_text(encoding="utf-8-sig")  # Windows puts a mark before it
    except OSError as error:
        refuse(f"{file}: {error.strerror}")
    except UnicodeDecodeError:
        refuse(f"{file}: not UTF-8, as TOML has to be")
    found = read_definitions(text)
    if isinstance(found, FileMistakes):
        refuse("\n".join(f"{file}: {mistake}" for mistake in found.found))
    return found
