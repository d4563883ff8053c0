"""CPU of one thread to tell who is in which segment after a record, few things known and many."""

import time
from collections.abc import Sequence

from msgspec import Struct

from benchmarks.core.load import NOW_MS, News, news
from benchmarks.results import Figure, Goal, Section
from benchmarks.segments.dues import DUES, due_figures
from benchmarks.segments.folding import FOLDING, folding_figures
from benchmarks.segments.load import SEGMENTS, segments
from benchmarks.segments.preview import PREVIEW, preview_figures
from benchmarks.suites import Orders
from streams.domain.contact import ContactState, fold, read_fact
from streams.domain.contact.person_view import Overview, overview
from streams.domain.contact.sections.zones import later, whereabouts
from streams.domain.contact.state import Fact, Whereabouts
from streams.domain.pressure import default_policy
from streams.domain.pressure.closures import channel_rules
from streams.domain.segments.matching_plan import MatchingPlan, PersonReadings
from streams.domain.segments.person import Person

CONTACTS, QUICK_CONTACTS = 5_000, 500
FACTS = (3, 10, 40)
ROUNDS_EACH = 5
GOAL = Goal("at most", 9.0)

_NOTE = (
    "CPU of one thread. After a record: the segments that its contact is in and when that may change by itself, where "
    "what was read before the record is at hand with the state, as the contact's profile is; anew: where it is not"
)


class Known(Struct, frozen=True):
    """A contact before and after its last record; `readings`: before it, a day earlier."""

    contact_id: str
    before: ContactState
    fact: Fact
    after: ContactState
    known: Overview
    where: Whereabouts
    readings: PersonReadings


def segments_suite(orders: Orders) -> Section:
    """Measure a plan of a thousand segments."""
    rules = channel_rules(default_policy())
    plan = MatchingPlan(segments(rules, SEGMENTS, orders.seed), rules)
    contacts = QUICK_CONTACTS if orders.quick else CONTACTS
    rounds = range(orders.rounds * ROUNDS_EACH)
    figures = []
    for facts in FACTS:
        people = known_people(plan, news(contacts, facts, orders.seed))
        subject = f"{SEGMENTS:,} segments on {plan.dials} dials, {facts} facts"
        after = tuple(after_a_record(plan, people) for _ in rounds)
        figures.append(Figure(subject, "after a record", "µs a record", after, GOAL))
        figures.append(Figure(subject, "anew", "µs a contact", tuple(anew(plan, people) for _ in rounds)))
        figures += folding_figures(contacts, facts, orders.seed, len(rounds))
    figures += due_figures(contacts, orders.seed, orders.rounds)
    figures += preview_figures(orders.seed, orders.rounds, is_quick=orders.quick)
    return Section("Who is in which segment, in pure Python", tuple(figures), (_NOTE, FOLDING, DUES, PREVIEW))


def known_people(plan: MatchingPlan, heard: News) -> list[Known]:
    """Contacts before and after the last record of each."""
    found = []
    for *earlier, last in zip(*heard.before, heard.records, strict=True):
        state = ContactState()
        for record in earlier:
            state, _ = fold(state, [_fact(record.value, record.timestamp)])
        name, fact = (last.key or b"").decode(), _fact(last.value, last.timestamp)
        after, _ = fold(state, [fact])
        readings = plan.read(Person(name, overview(state)), NOW_MS)
        known = overview(after)
        where = later(whereabouts(known.found.counted), after.settled.whereabouts)
        found.append(Known(name, state, fact, after, known, where, readings))
    return found


def _fact(value: bytes | None, appended_at: int) -> Fact:
    fact = read_fact(value, appended_at)
    if not isinstance(fact, Fact):
        raise TypeError("a record of the load cannot be folded")
    return fact


def after_a_record(plan: MatchingPlan, people: Sequence[Known]) -> float:
    """µs to bring what was read of each contact up to date."""
    began = time.thread_time()
    for each in people:
        stale = plan.stale((each.fact,), each.known, each.before, each.after)
        plan.read_again(each.readings, Person(each.contact_id, each.known, each.where), NOW_MS, stale)
    return (time.thread_time() - began) / len(people) * 1e6


def anew(plan: MatchingPlan, people: Sequence[Known]) -> float:
    """µs to read all of each contact."""
    began = time.thread_time()
    for each in people:
        plan.read(Person(each.contact_id, each.known, each.where), NOW_MS)
    return (time.thread_time() - began) / len(people) * 1e6
