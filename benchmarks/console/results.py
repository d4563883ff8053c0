"""Results of some experiments, as the agent that adds up makes them, in Redis."""

from random import Random

from events.experiments.metrics import METRICS
from events.topics import EXPERIMENT_RESULTS
from sinks.base import Completeness, Position
from sinks.results import ResultChange, ResultsSink
from streams.domain.contact.contribution import Contribution
from streams.domain.contact.packed_contribution import NOTHING, packed
from streams.domain.experiments import experiment_table
from streams.domain.experiments.delta_columns import DeltaColumns
from streams.domain.experiments.experiment_table import TableRecord
from streams.domain.experiments.partials import ClockTick, write_partial
from streams.engine.aiokafka_patches.fetched_records import FetchedRecord
from streams.engine.decoded_states import Codec, RecentStates, States
from streams.engine.store import MemoryStore
from streams.platform.clients import redis_client
from streams.platform.settings import Settings
from streams.worker.agents.experiments.aggregator import ExperimentAggregator
from streams.worker.agents.sinks.experiment_results import result_of

EXPERIMENTS = tuple(f"subject-{number:02d}" for number in range(12))
PEOPLE = 3_000
_DAY_MS = 86_400_000
_CODEC = Codec(experiment_table.encode, experiment_table.decode)


async def write_results(settings: Settings, now_ms: int, seed: int) -> None:
    """Write a result of each experiment."""
    sink = ResultsSink(redis_client(settings), stale_after=_DAY_MS)
    after = Position("benchmark", 1)
    changes = _results(Random(seed), now_ms)
    try:
        await sink.write(0, changes, None, after)
        await sink.whole(0, after, Completeness(0, 1))
    finally:
        await sink.close()


async def tell_whole(settings: Settings) -> None:
    """Say that no result is missing."""
    sink = ResultsSink(redis_client(settings), stale_after=_DAY_MS)
    try:
        await sink.whole(0, Position("benchmark", 1), Completeness(0, 1))
    finally:
        await sink.close()


def _results(rng: Random, now_ms: int) -> list[ResultChange]:
    states: States[TableRecord] = States(MemoryStore(), _CODEC, RecentStates(1 << 28))
    columns = DeltaColumns()
    for _ in range(PEOPLE):
        columns.replace(NOTHING, packed([_given(rng, name, now_ms) for name in EXPERIMENTS]))
    told = [*columns.records(), write_partial(ClockTick())]
    adding = ExperimentAggregator(states, 1)
    adding.take([FetchedRecord("experiment-partials", 0, at, now_ms, b"", value, ()) for at, value in enumerate(told)])
    made = [FetchedRecord(each.topic, 0, 0, now_ms, each.key or b"", each.value, ()) for each in adding.effects.outputs]
    found = [result_of(each) for each in made if each.topic == EXPERIMENT_RESULTS]
    return [each for each in found if each is not None]


def _given(rng: Random, name: str, now_ms: int) -> Contribution:
    values = tuple((place, 1, 0, 1) for place in range(len(METRICS)) if rng.random() < 0.3)
    return Contribution(name, rng.choice("AB"), now_ms // _DAY_MS - rng.randrange(1, 20), values=values)
