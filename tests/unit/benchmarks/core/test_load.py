from benchmarks.core.load import NOW_MS, News, news, said
from events.refusal import Refusal
from streams.domain.contact import FoldOutcome, fold, read_fact


def became(of: News) -> list[tuple[int, FoldOutcome]]:
    """The facts of each contact after its record, and what became of it."""
    found = []
    for record in of.records:
        fact = read_fact(record.value, NOW_MS)
        assert not isinstance(fact, Refusal)
        state, [outcome] = fold(of.known[record.key or b""], [fact])
        found.append((len(state.facts), outcome))
    return found


def test_every_record_is_news_and_makes_as_many_facts_as_were_asked_for() -> None:
    assert became(news(contacts=20, facts=3, seed=1)) == [(3, FoldOutcome.APPLIED)] * 20


def test_what_is_said_comes_in_chunks_of_one_topic_each() -> None:
    chunks = said(contacts=500, count=3_000, seed=1)
    assert sum(len(chunk.records) for chunk in chunks) == 3_000
    assert all(record.topic == chunk.tp.topic for chunk in chunks for record in chunk.records)
    assert max(len(chunk.records) for chunk in chunks) == 1_000
