"""Laws of what endpoints are told, for any stream of records, any answers, and a crash at any moment."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.delivery.schedule import SCHEDULE_S, Answer
from streams.domain.delivery.standing import (
    ArrivingRecord,
    Fate,
    Standing,
    Wait,
    admitted,
    decoded,
    encoded,
    firsts,
    line_of,
    set_back,
    settled,
    without_forgotten,
)

LINES = [line_of(name) for name in (b"c-1", b"c-2", b"c-3")]
ANSWERS = st.sampled_from(["delivered", "delivered", "refused", "failed", "gone", "disabled"])
STREAMS = st.lists(
    st.builds(lambda line, forgets: (line, forgets), st.sampled_from(LINES), st.integers(0, 9).map(lambda n: n == 0)),
    min_size=1,
    max_size=30,
)
LONG_MS = SCHEDULE_S[-1] * 1000


def due(standing: Standing, now: int) -> list[int]:
    """What may be tried now."""
    return [offset for next_at, offset, _ in firsts(standing) if next_at <= now]


@dataclass
class World:
    """An endpoint that is told of a stream; `stored` survives a crash, `standing` does not."""

    records: list[tuple[str, bool]]
    stored: Standing = field(default_factory=lambda: Standing("t", 0))
    now: int = 0
    asked: list[int] = field(default_factory=list)
    fates: dict[int, set[Fate]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.standing = self.stored

    def read(self, count: int) -> None:
        begin, end = self.standing.position, min(self.standing.position + count, len(self.records))
        arrivals = [self.arriving(offset) for offset in range(begin, end)]
        self.standing = admitted(self.standing, arrivals, end)

    def arriving(self, offset: int) -> ArrivingRecord:
        """Each record is appended a moment after the one before."""
        line, forgets = self.records[offset]
        return ArrivingRecord(offset, line, offset, self.now, True, forgets, forgets)

    def attempt(self, answer: Answer) -> int | None:
        found = due(self.standing, self.now)
        if not found:
            return None
        offset = found[0]
        self.asked.append(offset)
        self.standing, fate = settled(self.standing, offset, answer, self.now)
        self.fates.setdefault(offset, set()).add(fate)
        return offset

    def store(self) -> None:
        self.stored = decoded(encoded(self.standing))

    def crash(self) -> None:
        self.standing = self.stored

    def finish(self) -> None:
        """The endpoint takes everything from now on."""
        self.read(len(self.records))
        while self.standing.waits:
            self.now += LONG_MS
            while self.attempt("delivered") is not None:
                pass


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.integers(1, 5)),
        st.tuples(st.just("attempt"), ANSWERS),
        st.tuples(st.just("wait"), st.sampled_from([1, 5_000, 30_000, 3_600_000, LONG_MS])),
        st.tuples(st.sampled_from(["store", "crash"]), st.none()),
    ),
    max_size=60,
)


def run(records: list[tuple[str, bool]], steps: list[tuple[str, object]]) -> World:
    world = World(records)
    for step, value in steps:
        match step, value:
            case "read", int(count):
                world.read(count)
            case "attempt", str(answer):
                world.attempt(answer)  # type: ignore[arg-type]
            case "wait", int(ms):
                world.now += ms
            case "store", _:
                world.store()
            case "crash", _:
                world.crash()
    return world


def is_forgotten_later(world: World, offset: int) -> bool:
    line, _ = world.records[offset]
    return any(later == (line, True) for later in world.records[offset + 1 :])


@given(STREAMS, STEPS)
def test_each_record_is_acknowledged_or_dead_unless_its_contact_was_erased_after_it(
    records: list[tuple[str, bool]], steps: list[tuple[str, object]]
) -> None:
    world = run(records, steps)
    world.crash()
    world.finish()
    for offset in range(len(records)):
        ended = world.fates.get(offset, set()) & {"delivered", "dead", "gone"}
        assert ended or is_forgotten_later(world, offset), (offset, records)


@given(STREAMS, st.lists(ANSWERS, max_size=60))
def test_a_contacts_records_are_acknowledged_in_their_order(
    records: list[tuple[str, bool]], answers: list[Answer]
) -> None:
    """Without a crash; after one what was not stored is told once more, again in order."""
    world = World(records)
    world.read(len(records))
    for answer in answers:
        world.attempt(answer)
        world.now += 1
    world.finish()
    for line in LINES:
        asked = [offset for offset in world.asked if records[offset][0] == line]
        assert asked == sorted(asked)


@given(STREAMS)
def test_whoever_is_refused_for_ever_holds_back_nobody_else(records: list[tuple[str, bool]]) -> None:
    world = World(records)
    world.read(len(records))
    refused = records[0][0]
    while found := due(world.standing, world.now):
        line = records[found[0]][0]
        world.attempt("refused" if line == refused else "delivered")
    assert {wait.line for wait in world.standing.waits.values()} <= {refused}


@given(STREAMS)
def test_after_an_erasure_nothing_older_of_the_contact_waits(records: list[tuple[str, bool]]) -> None:
    world = World(records)
    world.read(len(records))
    for offset in world.standing.waits:
        assert not is_forgotten_later(world, offset)


@given(STREAMS, st.integers(0, 30))
def test_an_erasure_elsewhere_drops_what_was_said_before_it_and_nothing_else(
    records: list[tuple[str, bool]], at: int
) -> None:
    world = World(records)
    world.read(len(records))
    kept = without_forgotten(world.standing, {LINES[0]: at}).waits
    for offset, wait in world.standing.waits.items():
        assert (offset in kept) == (wait.line != LINES[0] or wait.tells_erasure or wait.at >= at)


@given(STREAMS, STEPS)
def test_what_is_stored_is_read_back_whole_and_in_order(
    records: list[tuple[str, bool]], steps: list[tuple[str, object]]
) -> None:
    standing = run(records, steps).standing
    assert decoded(encoded(standing)) == standing
    assert [*decoded(encoded(standing)).waits] == sorted(standing.waits)


@given(STREAMS, STEPS, st.integers(0, 30))
def test_a_replay_tells_everything_from_an_offset_on(
    records: list[tuple[str, bool]], steps: list[tuple[str, object]], offset: int
) -> None:
    world = run(records, steps)
    world.standing, world.asked = set_back(world.standing, offset), []
    world.finish()
    for each in range(min(offset, world.stored.position), len(records)):
        if each >= offset:
            assert each in world.asked or is_forgotten_later(world, each)


def test_whom_to_forget_is_told_by_a_replay_though_the_topic_says_so_no_more() -> None:
    c, d = LINES[:2]
    waits = {40: Wait(3, 9, c, 40, True, "c"), 50: Wait(3, 9, c, 50, True, "c"), 60: Wait(3, 9, d, 60, True, "d")}
    set_to_45 = set_back(Standing("t", 100, waits, True), 45)
    assert set_to_45.waits == {40: waits[40], 50: Wait(0, 0, c, 50, True, "c"), 60: Wait(0, 0, d, 60, True, "d")}
    again = [ArrivingRecord(47, c, 47, 100, True, True, True, "c"), ArrivingRecord(55, d, 55, 100, True)]
    read = admitted(set_to_45, again, 100)
    assert [*read.waits] == [47, 50, 55, 60]
    assert [offset for _, offset, _ in firsts(read)] == [47, 55]
