"""How fast topics are followed into the desk, and how fast a page's questions are answered from it.

CPU of the thread that writes, from decoded records to the end of the transaction, without what Kafka's client costs.
"""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.desk.load import BEGAN_MS, batches, interactions, profiles
from benchmarks.results import Figure, Goal, Section
from benchmarks.suites import Orders
from events.topics import INTERACTIONS
from streams.services.console import desk_campaigns
from streams.services.console import desk_people as people
from streams.services.console import desk_reading as reading
from streams.services.console.desk import Desk
from streams.services.console.desk_batches import Limits, Position, TopicRecord
from streams.services.console.desk_cells import Everything, Span
from streams.services.console.desk_reading import Slots
from streams.services.console.desk_schema import DAY_MS, HOUR_MS, MINUTE_MS
from streams.services.console.desk_writing import DeskWriter

EVENTS, QUICK_EVENTS = 5_000_000, 60_000
CONTACTS, QUICK_CONTACTS = 1_000_000, 20_000
PROFILES_PART = 20
"""Of so many interactions one has a profile in this load as well, of which the cost is measured apart."""
BATCH = 2_000
ASKED = 5
_ALL = Everything()


def desk(orders: Orders) -> Section:
    """Measure it, in one round: it is long, and every question is asked several times."""
    count = QUICK_EVENTS if orders.quick else orders.events or EVENTS
    contacts = QUICK_CONTACTS if orders.quick else CONTACTS
    with TemporaryDirectory() as folder:
        writer = DeskWriter(Desk.create(Path(folder) / "desk.sqlite"), Limits())
        writer.begin_at(BEGAN_MS - DAY_MS)
        followed = _write(writer, batches(interactions(contacts, count, orders.seed), BATCH))
        known = _write(writer, batches(profiles(contacts, count // PROFILES_PART, orders.seed), BATCH))
        size = writer.desk.path.stat().st_size / count
        writer.desk.close()
        asked = _ask(Desk.open(writer.desk.path), BEGAN_MS + count // 2)
    figures = (
        Figure("interactions", "CPU", "µs a record", tuple(followed), Goal("at most", 100)),
        Figure("profiles", "CPU", "µs a record", tuple(known)),
        Figure("the file", "bytes", "an interaction", (size,)),
        *(Figure(name, "to an answer", "ms", tuple(taken), Goal("at most", 200)) for name, taken in asked.items()),
    )
    return Section("The console's desk", figures, (f"{count:,} interactions with {contacts:,} contacts. {_NOTE}",))


_NOTE = (
    "Interactions at 2,000 a second of their own time, a copy among twenty. Each range is over tenths of them, since "
    "the desk grows meanwhile. CPU of one thread; of a question the time it takes, on an open desk"
)


def _write(writer: DeskWriter, all_batches: Iterable[list[TopicRecord]]) -> list[float]:
    """µs of CPU for a record, of each tenth."""
    taken: list[tuple[int, float]] = []
    for batch in all_batches:
        last = batch[-1]
        place = Position(INTERACTIONS, 0, "id", last.offset + 1, last.offset + 1, last.appended, last.appended)
        began = time.thread_time()
        writer.write(batch, [place])
        taken.append((len(batch), time.thread_time() - began))
    tenth = max(1, len(taken) // 10)
    parts = [taken[at : at + tenth] for at in range(0, len(taken), tenth)]
    return [sum(cpu for _, cpu in part) / sum(count for count, _ in part) * 1_000_000 for part in parts]


def _ask(read: Desk, now: int) -> dict[str, list[float]]:
    hour, day = Span(now - HOUR_MS, now), Span(now - 2 * DAY_MS, now)
    questions: dict[str, Callable[[], object]] = {
        "figures of an hour": lambda: reading.figures_by(read, hour, _ALL),
        "curves of four hours": lambda: reading.curves(read, Slots(now - 4 * HOUR_MS, now, 5 * MINUTE_MS), _ALL),
        "campaigns of two days": lambda: desk_campaigns.campaigns(read, day, _ALL),
        "regions of an hour": lambda: reading.regions(read, hour, _ALL),
        "turfs of an hour": lambda: reading.turfs(read, "US-OH", hour, _ALL),
        "money by committee": lambda: reading.money(read, hour, _ALL, by=("committee",)),
        "who nears a limit": lambda: people.near_limits(read, [people.Limit("C004", "", "USD", 5_500)], 0.9, _ALL),
        "people heard of last": lambda: people.people(read, "all", _ALL),
        "a person's events": lambda: people.events_of(read, _somebody(read), 0, _ALL),
    }
    try:
        return {name: [_milliseconds(question) for _ in range(ASKED)] for name, question in questions.items()}
    finally:
        read.close()


def _somebody(read: Desk) -> str:
    return people.people(read, "all", _ALL, most=1)[0].contact_id


def _milliseconds(question: Callable[[], object]) -> float:
    began = time.perf_counter()
    question()
    return (time.perf_counter() - began) * 1_000
