"""What a partition says to the question of which class a fragment is, and when."""

from collections.abc import Sequence

import pytest

from events.identity_links import CanonicalId, EdgeWithdrawal, IdentityEdge, IdentityLink, read_link, write_canonical_id
from events.topics import CONTACT_ROOFS, IDENTITY_LINKS, INTERACTIONS
from streams.domain.contact import encode
from streams.domain.pressure import default_policy
from streams.engine.decoded_states import BESIDE, RecentStates, States
from streams.engine.store import MemoryStore, Position
from streams.worker.agents.contacts.agent import fold_chunk
from streams.worker.agents.contacts.class_queries import InputProgress
from tests.unit.engine.kafka_records import Fetched
from tests.unit.worker.agents.contacts.interaction_records import AT, CONTACTS, HASHER, PRINTER, said

NODE = HASHER.voter("NY:2")
CLASS = IdentityEdge(NODE, NODE, NODE, "voter:NY", "voter:NY")
NONE = EdgeWithdrawal(NODE, NODE, NODE)


def question(offset: int, version: int = 7, node: str = NODE) -> Fetched:
    value = write_canonical_id(CanonicalId(node, version, asks=True))
    return Fetched(offset, value, node.encode(), [("version", b"%d" % version)], topic=CONTACT_ROOFS)


def words(offset: int) -> Fetched:
    return said(offset, "form.submitted", contact={"voter_id": "NY:2"}, form_id="f")


class Partition:
    """One of contacts: each chunk by a worker that has just begun, and `interactions` as far as they are folded."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.done = 0

    # Who is linked tells its class by itself too, so that may be there twice.

    def asked(self, end: int, *questions: Fetched) -> Sequence[IdentityLink]:
        return self._fold(CONTACT_ROOFS, questions, end)

    def folds(self, *records: Fetched) -> Sequence[IdentityLink]:
        answers = self._fold(INTERACTIONS, records)
        self.done = records[-1].offset + 1
        return answers

    def _fold(self, topic: str, records: Sequence[Fetched], end: int = 0) -> Sequence[IdentityLink]:
        states = States(self.store, CONTACTS, RecentStates(0))
        chunk = fold_chunk(
            topic, states, records, PRINTER, AT, policy=default_policy(), progress=InputProgress(self.done, end)
        )
        effects = chunk.effects
        written = {key: None if state is None else encode(state) for key, state in effects.changes.items()}
        written |= {BESIDE + key: value for key, value in effects.beside.items()}
        states.commit(effects.changes, written, Position("topic", 1, 0))
        told = [read_link(each.key, each.value) for each in effects.outputs if each.topic == IDENTITY_LINKS]
        found = [link for link in told if isinstance(link, IdentityEdge | EdgeWithdrawal) and link.a == link.b == NODE]
        return found[:1] if set(found) == {CLASS} else found

    @property
    def is_open(self) -> bool:
        return any(key.startswith(BESIDE) for key, _ in self.store.items())


def test_no_class_is_told_once_all_is_folded_that_was_there_when_it_was_asked() -> None:
    partition = Partition()
    assert partition.asked(3, question(0)) == []
    assert partition.folds(said(0), said(1)) == []
    assert partition.folds(said(2), said(3)) == [NONE]
    assert not partition.is_open


def test_where_nothing_waits_it_is_said_at_once() -> None:
    partition = Partition()
    partition.folds(said(0), said(1))
    assert partition.asked(2, question(0)) == [NONE]
    assert partition.asked(0, question(1)) == [NONE]
    assert not partition.is_open


def test_a_class_is_told_as_soon_as_it_is_known() -> None:
    partition = Partition()
    assert partition.asked(9, question(0)) == []
    assert partition.folds(said(0), words(1)) == [CLASS]
    assert partition.asked(9, question(1)) == [CLASS]
    assert partition.folds(*map(said, range(2, 9))) == []
    assert not partition.is_open


def test_what_was_asked_before_they_forgot_is_told_before_they_forget() -> None:
    """Both in one chunk, which knows them only in between."""
    partition = Partition()
    partition.asked(2, question(0))
    erased = said(1, "contact.erased", contact={"voter_id": "NY:2"})
    assert CLASS in partition.folds(words(0), erased)
    assert not partition.is_open


def test_a_class_query_that_comes_again_waits_for_what_it_waited_for() -> None:
    """Or it would wait for ever where there is always something more."""
    partition = Partition()
    partition.asked(2, question(0))
    assert partition.asked(5, question(1), question(2)) == []
    assert partition.folds(said(0), said(1)) == [NONE]


def test_a_later_class_query_waits_for_what_there_is_by_then() -> None:
    partition = Partition()
    partition.asked(2, question(0))
    assert partition.asked(4, question(1, version=8)) == []
    assert partition.asked(9, question(2)) == []
    assert partition.folds(said(0), said(1)) == []
    assert partition.folds(said(2), words(3)) == [CLASS]


def test_where_only_markers_are_left_it_is_answered_when_it_is_asked_again() -> None:
    partition = Partition()
    partition.asked(3, question(0))
    assert partition.folds(said(0), said(1)) == []
    assert partition.asked(0, question(1)) == [NONE]
    assert not partition.is_open


def test_who_has_told_it_to_a_worker_that_kept_no_questions_has_not_lost_it() -> None:
    """An older one, which had the partition in between, has left the question where it was."""
    partition = Partition()
    partition.asked(2, question(0))
    left = {key: value for key, value in partition.store.items() if key.startswith(BESIDE)}
    partition.folds(words(0))
    partition.store.write({**left}, Position("topic", 1, 0))
    assert partition.folds(said(1)) == [CLASS]
    assert not partition.is_open


def test_records_of_a_topic_that_is_not_folded_into_contacts_are_refused_as_a_whole() -> None:
    """Any topic that was new was once read as interactions, and became dead letters or facts."""
    states = States(MemoryStore(), CONTACTS, RecentStates(0))

    with pytest.raises(ValueError, match="contact-pets is not folded into the table of contacts"):
        fold_chunk("contact-pets", states, [words(0)], PRINTER, AT, policy=default_policy(), progress=InputProgress())
