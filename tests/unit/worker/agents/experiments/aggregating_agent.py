"""Whoever adds up experiments, on a store in memory, and what partitions tell of people."""

from collections.abc import Mapping

import orjson

from events.experiment_results import ExperimentResult
from events.experiments.metrics import PLACE
from events.json_types import JSON
from events.topics import EXPERIMENT_RESULTS, SYSTEM_ALERTS
from streams.domain.contact.contribution import Contribution
from streams.domain.contact.packed_contribution import NOTHING, packed
from streams.domain.experiments import experiment_table
from streams.domain.experiments.counting_rules import DAY_MS
from streams.domain.experiments.definition_records import definition_record, rule_of
from streams.domain.experiments.delta_columns import DeltaColumns
from streams.domain.experiments.experiment_table import TableRecord
from streams.domain.experiments.partials import ClockTick, Partial, PartitionEditions, RelayedDefinition, write_partial
from streams.engine.decoded_states import BESIDE, Codec, RecentStates, States
from streams.engine.store import MemoryStore, Position
from streams.worker.agents.experiments.aggregator import ExperimentAggregator
from tests.unit.domain.experiments.writing import defined
from tests.unit.engine.kafka_records import Fetched

TODAY = 20_000
NOW = TODAY * DAY_MS + 1_000
PARTITIONS = 2
TICK = write_partial(ClockTick())


class Agent:
    """On a store in memory; `outputs`: what its last chunk wrote."""

    def __init__(self) -> None:
        self._states: States[TableRecord] = States(
            MemoryStore(), Codec(experiment_table.encode, experiment_table.decode), RecentStates(1 << 20)
        )
        self._offset = 0
        self.now = NOW
        self.last: ExperimentAggregator | None = None

    def take(self, *values: bytes | None) -> ExperimentAggregator:
        records = []
        for value in values:
            self._offset += 1
            records.append(Fetched(self._offset, value, b"", (), self.now))
        done = self.last = ExperimentAggregator(self._states, PARTITIONS)
        done.take(records)
        changes = done.effects.changes
        encoded = {key: None if each is None else experiment_table.encode(each) for key, each in changes.items()}
        encoded |= {BESIDE + key: each for key, each in done.effects.beside.items()}
        self._states.commit(changes, encoded, Position("topic", 1, 0))
        return done

    def tell(self, *partials: Partial) -> ExperimentAggregator:
        return self.take(*map(write_partial, partials))

    def tick(self) -> dict[str, ExperimentResult | None]:
        """The results that are written."""
        done = self.take(TICK)
        return {
            (each.key or b"").decode(): None if each.value is None else orjson.loads(each.value)
            for each in done.effects.outputs
            if each.topic == EXPERIMENT_RESULTS
        }

    def shown(self, name: str = "ask") -> ExperimentResult:
        """The result that the next tick writes."""
        result = self.tick()[name]
        assert result is not None
        return result

    def define(self, **fields: object) -> str:
        """Tell of the definition of `ask`. Returns its edition."""
        definition = defined("ask", **fields)
        self.tell(RelayedDefinition("ask", definition_record(definition)[1]))
        return rule_of(definition).edition

    def stand_at(self, edition: str) -> None:
        """All partitions count by this edition."""
        self.tell(*(PartitionEditions(number, {"ask": edition}) for number in range(PARTITIONS)))

    @property
    def done(self) -> ExperimentAggregator:
        """What its last chunk did."""
        assert self.last is not None
        return self.last

    def alerts(self) -> list[dict[str, JSON]]:
        return [orjson.loads(each.value or b"") for each in self.done.effects.outputs if each.topic == SYSTEM_ALERTS]


def people(variant: str, count: int, edition: str = "", day: int = TODAY, **metrics: int) -> list[Contribution]:
    values = tuple((PLACE[name], each, 0, each) for name, each in metrics.items())  # type: ignore[index]
    return [Contribution("ask", variant, day, edition, values=values) for _ in range(count)]


def told(*groups: list[Contribution], but: list[Contribution] | None = None) -> list[bytes]:
    """Each of them is one person's only experiment; `but`: these are counted no more."""
    columns = DeltaColumns()
    for given in [each for group in groups for each in group]:
        columns.replace(NOTHING, packed([given]))
    for given in but or []:
        columns.replace(packed([given]), NOTHING)
    return list(columns.records())


def assigned(result: ExperimentResult) -> Mapping[str, int]:
    return {name: variant["assigned"] for name, variant in result["variants"].items()}


def others(count: int) -> list[bytes]:
    """So many experiments with two people each, to whom nothing happened."""
    columns = DeltaColumns()
    for variant in "AB":
        columns.replace(NOTHING, packed(Contribution(f"other-{number}", variant, TODAY) for number in range(count)))
    return list(columns.records())


def is_broken(result: ExperimentResult) -> bool:
    return result["sample_ratio"]["broken"]
