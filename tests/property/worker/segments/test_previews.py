"""A preview counts whom the definition would let in, leaves nothing behind, and ends with whoever has lost it."""

from collections.abc import Mapping

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.topics import SEGMENT_WORK
from streams.domain.file_mistakes import FileMistakes
from streams.domain.pressure import default_policy
from streams.domain.pressure.closures import channel_rules
from streams.domain.segments.previews import (
    PreviewProgress,
    PreviewQuestion,
    PreviewRefusal,
    preview_key,
    preview_question,
    read_preview,
    write_preview,
)
from streams.services.segment_preview import put_together
from streams.worker.agents.segments import previews
from streams.worker.agents.segments.records import work_record
from tests.budgets import shares_fixtures
from tests.property.domain.segments.definitions import Table, read, tables
from tests.property.worker.links.sayings import Saying, as_they_come, stories
from tests.property.worker.segments.town import Town

KEY = preview_key("a")


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "KEYS_AT_ONCE", 2)
    monkeypatch.setattr(previews, "JUDGED_AT_ONCE", 2)
    monkeypatch.setattr(previews, "SWEPT_AT_ONCE", 2)


def question(found: list[Table], *, is_exact: bool, patience_ms: int = 1_000) -> PreviewQuestion:
    asked = preview_question(read(found), {}, channel_rules(default_policy()), is_exact=is_exact)
    assert isinstance(asked, PreviewQuestion), asked
    return PreviewQuestion(asked.asked, asked.definitions, patience_ms, asked.is_exact)


def ask(town: Town, asked: PreviewQuestion, key: bytes = KEY) -> None:
    for number in range(town.partitions):
        town.publish(work_record(number, key, write_preview(asked)))


def said(town: Town, number: int, key: bytes = KEY) -> list[bytes | None]:
    return [record.value for record in town.logs[SEGMENT_WORK, number] if record.key == key]


def answers(town: Town) -> Mapping[int, PreviewProgress]:
    """The last answer of each partition, after which there is a null and nothing more."""
    found = {}
    for number in range(town.partitions):
        *_, last, null = said(town, number)
        assert null is None
        progress = read_preview(last or b"")
        if isinstance(progress, PreviewProgress):
            found[number] = progress
    return found


def told(town: Town, story: list[Saying], data: st.DataObject) -> None:
    town.hear(story)
    as_they_come(town, data)


@shares_fixtures
@given(stories(), st.lists(tables(3), min_size=1, max_size=2), st.booleans(), st.data())
def test_of_few_people_everybody_is_judged_and_nothing_is_kept(
    story: list[Saying], versions: list[list[Table]], is_exact: bool, data: st.DataObject
) -> None:
    town = Town(is_warm=True)
    for version in versions:
        town.define(version)
    told(town, story, data)
    before = town.table(), town.memberships(), {number: dict(store.items()) for number, store in town.stores.items()}
    asked = question(versions[0], is_exact=is_exact)
    ask(town, asked)
    town.settle()
    after = town.table(), town.memberships(), {number: dict(store.items()) for number, store in town.stores.items()}
    assert after == before
    found = put_together(asked, answers(town), town.partitions)
    should_be = town.should_be(versions[0])
    counts = {name: each.count if each else None for name, each in found.estimates.items()}
    assert counts == {name: sum(name in of for of in should_be.values()) for name in asked.asked}
    assert (found.is_exact, found.answered) == (True, town.partitions)
    assert found.people is not None
    assert found.people.count == len(town.people())


HOSTS: Table = {"id": "hosts", "owner": "desk", "all": [{"tag": "host"}]}


@pytest.mark.parametrize("is_exact", [True, False])
def test_who_has_lost_a_preview_ends_it_with_a_null(is_exact: bool) -> None:
    town = Town()  # nothing is at hand from chunk to chunk
    ask(town, question([HOSTS], is_exact=is_exact))
    town.work((SEGMENT_WORK, 0), 1)
    first = read_preview(said(town, 0)[-1] or b"")
    assert isinstance(first, PreviewProgress)
    town.settle()
    assert said(town, 0)[-1] is None


def test_nobody_goes_on_once_nobody_waits() -> None:
    town = Town(is_warm=True)
    begun = write_preview(PreviewProgress(1, 0, 0, 0, (0,)))
    ask(town, question([HOSTS], is_exact=True))
    for value in (None, begun, b"not JSON", b"{}"):
        town.publish(work_record(0, KEY, value))
    town.settle()
    assert said(town, 0)[-1] is None
    for number in range(town.partitions):
        assert all(read_preview(value or b"") is None for value in said(town, number)[-1:])


def test_too_many_at_once_are_refused_and_the_refusal_does_not_stay() -> None:
    town = Town(is_warm=True)
    keys = [preview_key(str(number)) for number in range(previews.MOST_AT_ONCE + 1)]
    for key in keys:
        town.publish(work_record(0, key, write_preview(question([HOSTS], is_exact=True))))
    town.work((SEGMENT_WORK, 0), len(keys))
    refused = [read_preview(said(town, 0, key)[1] or b"") for key in keys]
    assert [isinstance(each, PreviewRefusal) for each in refused] in ([False] * 4 + [True], [False] * 5)
    town.settle()
    assert all(said(town, 0, key)[-1] is None for key in keys)


def test_what_a_worker_cannot_read_is_refused_with_the_mistake() -> None:
    town = Town(is_warm=True)
    table = {**HOSTS, "all": [{"tug": "host"}]}
    ask(town, PreviewQuestion(("hosts",), (table,), 1_000))
    town.settle()
    refusal = read_preview(said(town, 0)[1] or b"")
    assert isinstance(refusal, PreviewRefusal)
    assert refusal.why.startswith("all[0]: is no condition that is known")
    assert said(town, 0)[-1] is None


def test_a_question_names_every_mistake_and_takes_along_what_is_referred_to() -> None:
    rules = channel_rules(default_policy())
    hosts, both, lost, circle = read(
        [
            HOSTS,
            {"id": "both", "all": [{"segment": "hosts"}]},
            {"id": "lost", "all": [{"segment": "host"}]},
            {"id": "circle", "all": [{"segment": "circle"}]},
        ]
    )
    asked = preview_question([both], {"hosts": hosts, "lost": lost}, rules, is_exact=False)
    assert isinstance(asked, PreviewQuestion)
    assert {table["id"] for table in asked.definitions} == {"both", "hosts"}
    wrong = preview_question([lost, circle], {"hosts": hosts}, rules, is_exact=False)
    assert isinstance(wrong, FileMistakes)
    assert [mistake.key for mistake in wrong.found] == ["lost", "circle"]
    many = preview_question([hosts] * 21, {}, rules, is_exact=False)
    assert isinstance(many, FileMistakes)
    assert "preview 20 at most" in str(many)
    assert orjson.loads(write_preview(asked))["asked"] == ["both"]
