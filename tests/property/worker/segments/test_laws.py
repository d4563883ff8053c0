"""Laws of segments in a worker."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from events.envelope import Interaction
from events.harmonised import harmonise
from events.registry import MODELS
from events.topics import IDENTITY_LINKS, INTERACTIONS
from streams.demo.oracle import life_of
from streams.demo.recount_segments import Asked, is_member
from streams.domain.pressure import Policy
from streams.worker.agents.contacts.agent import fold_chunk
from streams.worker.agents.contacts.class_queries import InputProgress
from streams.worker.agents.contacts.output_records import RecordBuilder
from streams.worker.agents.segments import timers, work
from streams.worker.agents.segments.records import RECOUNT
from tests.budgets import shares_fixtures
from tests.property.choices import below
from tests.property.domain.segments.definitions import Table, policies, questions, tables
from tests.property.domain.segments.histories import HASHER, Heard, histories, identify
from tests.property.worker.links.sayings import Saying, as_they_come, erasure, interaction, stories
from tests.property.worker.links.world import Log
from tests.property.worker.segments.town import Town
from tests.unit.domain.contact.said import DAY, HOUR
from tests.unit.events.records import NOW

LATER = st.integers(0, 60 * 24).map(lambda hours: hours * HOUR)


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "STATES_AT_ONCE", 2)
    monkeypatch.setattr(work, "DUE_AT_ONCE", 2)
    monkeypatch.setattr(timers, "AT_ONCE", 3)
    monkeypatch.setattr(timers, "MOST", 4)


def moment(ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)


def some_work(town: Town, data: st.DataObject) -> None:
    """Let agents do a few pieces of work in any order."""
    for _ in range(data.draw(below(7))):
        if waiting := town.waiting():
            town.work(waiting[data.draw(below(len(waiting)))], 1 + data.draw(below(4)))


def defined_anew(town: Town, was: Sequence[Table], found: Sequence[Table]) -> None:
    """Define these, and withdraw those that are there no more."""
    town.define(found)
    town.withdraw({table["id"] for table in was} - {table["id"] for table in found})


@shares_fixtures
@given(stories(), st.lists(tables(3), min_size=1, max_size=3), st.booleans(), st.data())
def test_membership_is_what_recursion_says_in_any_order_and_whenever_it_was_defined(
    story: list[Saying], versions: list[list[Table]], is_warm: bool, data: st.DataObject
) -> None:
    town, rest, was = Town(is_warm=is_warm), data.draw(st.permutations(story)), list[Table]()
    for found in versions:
        said = data.draw(st.integers(0, len(rest)))
        town.hear(rest[:said])
        rest = rest[said:]
        some_work(town, data)
        defined_anew(town, was, found)
        some_work(town, data)
        was = found
    town.hear(rest)
    as_they_come(town, data)
    assert town.names() == town.should_be(was)
    assert town.states_of_segments().keys() == {table["id"] for table in was}
    assert town.is_complete()
    for cause in town.causes:
        event(cause)


@shares_fixtures
@given(histories(), st.lists(questions(), min_size=1, max_size=2), policies(), st.booleans(), st.data())
def test_membership_is_what_the_oracle_finds_in_the_raw_interactions(
    heard: list[Heard], versions: list[list[Table]], policy: Policy, is_warm: bool, data: st.DataObject
) -> None:
    town, rest, was = Town(HASHER, is_warm=is_warm, policy=policy), heard, list[Table]()
    fragments: set[str] = set()
    for found in versions:
        said = data.draw(st.integers(0, len(rest)))
        fragments |= {say(town, each) for each in rest[:said]}
        rest = rest[said:]
        some_work(town, data)
        defined_anew(town, was, found)
        was = found
    fragments |= {say(town, each) for each in rest}
    as_they_come(town, data)
    name, life = min(fragments), life_of([each.sent for each in heard], identify)
    person = town.people().get(name)
    assert (person is None) == (life is None)
    if person is None or life is None:
        assert name not in town.names()
        return
    asked = Asked(
        {table["id"]: table for table in was}, policy.model_dump(mode="json"), moment(person.known.state.clock)
    )
    assert town.names().get(name, set()) == {table["id"] for table in was if is_member(table["id"], life, asked)}
    event(f"in {len(town.names().get(name, ()))} segments")


def told(story: list[Saying], found: list[Table], data: st.DataObject, *, is_warm: bool) -> Town:
    """A town that has heard the story in any order, with these segments."""
    town = Town(is_warm=is_warm)
    town.define(found)
    town.hear(data.draw(st.permutations(story)))
    as_they_come(town, data)
    return town


def say(town: Town, heard: Heard) -> str:
    sent = heard.sent
    model = MODELS[sent.type].model_validate({"contact": sent.contact, **sent.fields})
    fragment, value = harmonise(Interaction(sent.id, sent.source, sent.type, heard.time, model), HASHER)
    town.append(fragment, value, heard.appended_at)
    return fragment


@shares_fixtures
@given(stories(), tables(3), st.booleans(), st.data())
def test_a_link_and_a_later_unlink_leave_everybody_where_they_would_be_without(
    story: list[Saying], found: list[Table], is_warm: bool, data: st.DataObject
) -> None:
    town = told(story, found, data, is_warm=is_warm)
    people = sorted(town.people())
    if len(people) < 2:
        return
    before, causes = town.names(), +town.causes
    pair = data.draw(st.lists(st.sampled_from(people), min_size=2, max_size=2, unique=True))
    town.say(interaction("contact.linked", "link", NOW, "desk", {"contact_ids": [*pair]}), NOW)
    as_they_come(town, data)
    assert town.names() == town.should_be(found)
    town.say(interaction("contact.unlinked", "unlink", NOW + HOUR, "desk", {"contact_ids": [*pair]}), NOW)
    as_they_come(town, data)
    assert town.names() == town.should_be(found)
    event(f"changes by a link: {town.causes - causes}")
    if sorted(town.people()) == people:
        assert {name: names for name, names in town.names().items() if name in pair} == {
            name: names for name, names in before.items() if name in pair
        }


@shares_fixtures
@given(stories(), st.lists(tables(3), min_size=1, max_size=2), st.booleans(), st.data())
def test_after_a_tick_everybody_is_where_recursion_says_of_that_moment(
    story: list[Saying], versions: list[list[Table]], is_warm: bool, data: st.DataObject
) -> None:
    """With ticks in between at any moments, and partitions behind; time never overtakes what is still to be folded."""
    town, rest, was, at = Town(is_warm=is_warm), data.draw(st.permutations(story)), list[Table](), NOW
    for found in versions:
        said = data.draw(st.integers(0, len(rest)))
        town.hear(rest[:said])
        rest = rest[said:]
        some_work(town, data)
        at += data.draw(LATER)
        town.tick(at)
        some_work(town, data)
        defined_anew(town, was, found)
        was = found
    town.hear(rest)
    as_they_come(town, data)
    for _ in range(data.draw(st.integers(1, 3))):
        at += data.draw(LATER)
        town.tick(at)
        as_they_come(town, data)
        assert town.names() == town.should_be(was, at)
    for cause in town.causes:
        event(cause)


@shares_fixtures
@given(histories(), questions(), policies(), st.booleans(), st.data())
def test_after_a_tick_membership_is_what_the_oracle_finds_at_that_moment(
    heard: list[Heard], found: list[Table], policy: Policy, is_warm: bool, data: st.DataObject
) -> None:
    """Ticks come while interactions do, and afterwards until nothing is due for a while."""
    town, name, at = Town(HASHER, is_warm=is_warm, policy=policy), "", 0
    town.define(found)
    for each in heard:
        name, at = say(town, each), max(at, each.appended_at)
        if data.draw(st.booleans()):
            some_work(town, data)
            town.tick(data.draw(st.integers(at - HOUR, at)))
    as_they_come(town, data)
    life, tables_by_name = life_of([each.sent for each in heard], identify), {table["id"]: table for table in found}
    for _ in range(3):
        at = min([*(due for _, dues in town._rows().values() for due in dues.values()), at + 30 * DAY])
        town.tick(at)
        as_they_come(town, data)
        asked = Asked(tables_by_name, policy.model_dump(mode="json"), moment(at))
        meant = set() if life is None else {segment for segment in tables_by_name if is_member(segment, life, asked)}
        assert town.names().get(name, set()) == meant
    event(f"by time: {town.causes['time']}")


@shares_fixtures
@given(stories(), tables(3), st.lists(st.integers(1, 60), max_size=6), st.booleans(), st.data())
def test_few_ticks_give_what_many_give(
    story: list[Saying], found: list[Table], days: list[int], is_warm: bool, data: st.DataObject
) -> None:
    few, many = Town(is_warm=is_warm), Town()
    end = NOW + 61 * DAY
    for town, ticks in ((few, []), (many, sorted(days))):
        town.define(found)
        town.hear(story)
        for day in ticks:
            town.tick(NOW + day * DAY)
            as_they_come(town, data)
        town.settle()
        town.tick(end)
        as_they_come(town, data)
    assert few.names() == many.names() == few.should_be(found, end)


@shares_fixtures
@given(stories(), tables(3), tables(3), st.booleans(), st.data())
def test_after_a_restore_everybody_is_recounted_whatever_is_read_first(
    story: list[Saying], were: list[Table], found: list[Table], is_warm: bool, data: st.DataObject
) -> None:
    """`were`: definitions of before, of which the topic may still have records."""
    town, some = Town(is_warm=is_warm), data.draw(st.integers(0, len(story)))
    town.hear(story[:some])
    town.settle()
    town.at_hand.clear()
    defined_anew(town, [], were)
    town.withdraw({table["id"] for table in were} - {table["id"] for table in found})
    town.restored(found)
    town.hear(story[some:])
    town.tick(NOW)
    as_they_come(town, data)
    assert town.names() == town.should_be(found, NOW)
    assert town.is_complete()
    assert {*town.causes} <= {"recounted", "time", "interaction", "link", "merged", "erased"}
    for cause in town.causes:
        event(cause)


@shares_fixtures
@given(stories(), tables(3), st.booleans(), st.data())
def test_where_a_restore_of_the_version_before_asks_for_a_recount_everybody_is_judged_whatever_is_read_first(
    story: list[Saying], found: list[Table], is_warm: bool, data: st.DataObject
) -> None:
    town = Town(is_warm=is_warm)
    town.hear(story)
    town.settle()
    town.ask(RECOUNT)
    if data.draw(st.booleans()):
        some_work(town, data)
    town.define(found)
    in_pieces = data.draw(st.booleans())
    if in_pieces:
        as_they_come(town, data)
    else:
        town.settle()
    assert town.names() == town.should_be(found)
    assert town.is_complete()
    # A definition that is read when the recount has ended begins a backfill of its own.
    assert {*town.causes} <= ({"recounted", "defined"} if in_pieces else {"recounted"})


@shares_fixtures
@given(stories(), tables(3), st.booleans(), st.data())
def test_no_id_of_an_erased_person_is_left(
    story: list[Saying], found: list[Table], is_warm: bool, data: st.DataObject
) -> None:
    town = told(story, found, data, is_warm=is_warm)
    were = town.people().keys()
    town.say(interaction("contact.erased", "erase", NOW, "office/desk", data.draw(erasure())), NOW + 200 * HOUR)
    as_they_come(town, data)
    assert town.names() == town.should_be(found)
    gone = {name for name, reason in town.reasons().items() if reason == "erased"}
    event(f"erased: {len(gone & were)}")
    known = {*town.memberships(), *(name.decode() for rows, due in town._rows().values() for name in (*rows, *due))}
    assert not known & gone


@shares_fixtures
@given(stories(), tables(3), st.booleans(), st.data())
def test_what_is_read_again_changes_nothing_and_tells_nobody(
    story: list[Saying], found: list[Table], is_warm: bool, data: st.DataObject
) -> None:
    town = told(story, found, data, is_warm=is_warm)
    before, rows = len(town.changes), town._rows()
    for log in [log for log in town.logs if log[0] in ("interactions", "segment-definitions")]:
        town.read[log] = 0
    as_they_come(town, data)
    assert len(town.changes) == before
    assert town._rows() == rows


@dataclass
class Unsteady(Town):
    """A town in which chunks are folded, not committed, and folded again with another cut."""

    data: st.DataObject | None = None

    def work(self, log: Log, count: int) -> None:
        """Fold records, perhaps others before in vain."""
        if self.data is not None and log[0] != IDENTITY_LINKS and self.data.draw(st.integers(0, 2)) == 0:
            self._fold_in_vain(log, self.data.draw(st.integers(1, 5)))
        super().work(log, count)

    def _fold_in_vain(self, log: Log, count: int) -> None:
        topic, number = log
        start = self.read[log]
        chunk = self.logs[log][start : start + count]
        states = self._states(number)
        builder = RecordBuilder(number, self.partitions, self.generation)
        progress = InputProgress(self.read[INTERACTIONS, number], len(self.logs[INTERACTIONS, number]))
        fold_chunk(topic, states, chunk, builder, 0, policy=self.policy, progress=progress)
        states.memory.clear()  # as the partition is opened anew


@shares_fixtures
@given(stories(), tables(3), tables(3), st.lists(st.integers(0, 60 * 24), max_size=3), st.data())
def test_what_was_folded_and_not_committed_changes_nothing(
    story: list[Saying],
    found: list[dict[str, object]],
    later: list[dict[str, object]],
    hours: list[int],
    data: st.DataObject,
) -> None:
    town = Unsteady(is_warm=True, data=data)
    town.define(found)
    half = data.draw(st.integers(0, len(story)))
    town.hear(story[:half])
    as_they_come(town, data)
    town.define(later)
    town.withdraw({str(table["id"]) for table in found} - {str(table["id"]) for table in later})
    town.hear(story[half:])
    at = NOW
    for hour in hours:
        at += hour * HOUR
        town.tick(at)
        as_they_come(town, data)
    town.tick(at + HOUR)
    as_they_come(town, data)
    assert town.names() == town.should_be(later, at + HOUR)
    assert town.is_complete()
    for cause in town.causes:
        event(cause)
