from itertools import chain

from benchmarks.core.load import NOW_MS, News, news, said
from events.refusal import Refusal
from streams.domain.contact import ContactState, FoldOutcome, fold, read_fact


def became(of: News) -> dict[bytes | None, list[FoldOutcome]]:
    """What becomes of the records of each contact, one after the other."""
    states: dict[bytes | None, ContactState] = {}
    found: dict[bytes | None, list[FoldOutcome]] = {}
    for record in chain(*of.before, of.records):
        fact = read_fact(record.value, NOW_MS)
        assert not isinstance(fact, Refusal)
        states[record.key], outcomes = fold(states.get(record.key, ContactState()), [fact])
        found.setdefault(record.key, []).extend(outcomes)
    return found


def test_every_record_is_news_and_each_contact_has_as_many_as_were_asked_for() -> None:
    assert list(became(news(contacts=20, facts=3, seed=1)).values()) == [[FoldOutcome.APPLIED] * 3] * 20


def test_what_is_said_comes_in_chunks_of_one_topic_each() -> None:
    chunks = said(contacts=500, count=3_000, seed=1)
    assert sum(len(chunk.records) for chunk in chunks) == 3_000
    assert all(record.topic == chunk.tp.topic for chunk in chunks for record in chunk.records)
    assert max(len(chunk.records) for chunk in chunks) == 1_000
