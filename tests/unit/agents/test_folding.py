import orjson
import pytest

from events.topics import CONTACT_STATE
from streams.agents.announcements import GENERATION_BITS
from streams.agents.folding import Folding
from streams.contact import Outcome
from streams.engine.store import MemoryStore
from streams.engine.writer import Output
from tests.unit.agents.harmonised import GENERATION, folded, kept, said, state_of
from tests.unit.engine.kafka_records import SOURCE
from tests.unit.events.records import NOW

FIRST = GENERATION << GENERATION_BITS


def profiles(folding: Folding) -> dict[bytes | None, dict[str, object]]:
    """By key, the value of each output to `contact-state`."""
    return {
        out.key: orjson.loads(out.value or b"null") for out in folding.effects.outputs if out.topic == CONTACT_STATE
    }


def only_output(folding: Folding) -> Output:
    [output] = folding.effects.outputs
    return output


def test_each_contact_that_changed_has_one_output_with_its_last_state() -> None:
    folding = folded(said(0, who="c1"), said(1, who="c2"), said(2, who="c1"), said(3, "donation.made", who="c1"))

    assert [output.key for output in folding.effects.outputs] == [b"c1", b"c2"]
    assert profiles(folding)[b"c1"]["counts"] == {"email.opened": 2, "donation.made": 1}
    assert folding.effects.changes.keys() == {b"c1", b"c2"}


def test_a_profile_goes_to_the_partition_of_its_interactions() -> None:
    output = only_output(folded(said(0)))

    assert (output.topic, output.partition, output.key) == (CONTACT_STATE, SOURCE.partition, b"c1")


def test_the_version_carries_the_generation_and_counts_chunks() -> None:
    store = MemoryStore()
    versions = []
    for chunk in ([said(0), said(1)], [said(2)], [said(3), said(4), said(5)]):
        folding = folded(*chunk, store=store)
        kept(folding, store)
        versions.append(profiles(folding)[b"c1"]["version"])

    assert versions == [FIRST + 1, FIRST + 2, FIRST + 3]


def test_the_version_is_in_the_header_as_text() -> None:
    assert dict(only_output(folded(said(0))).headers)["version"] == b"%d" % (FIRST + 1)


def test_versions_of_contacts_do_not_depend_on_each_other() -> None:
    store = MemoryStore()
    kept(folded(said(0, who="c1"), store=store), store)

    second = folded(said(1, who="c1"), said(2, who="c2"), store=store)

    assert {key: value["version"] for key, value in profiles(second).items()} == {b"c1": FIRST + 2, b"c2": FIRST + 1}


def test_what_the_state_holds_is_what_the_profile_was_made_of() -> None:
    folding = folded(said(0), said(1))

    assert state_of(folding, "c1").version == 1
    assert len(state_of(folding, "c1").facts) == 2


def test_a_chunk_goes_on_from_the_state_before_it() -> None:
    store = MemoryStore()
    kept(folded(said(0), store=store), store)

    assert profiles(folded(said(1), store=store))[b"c1"]["counts"] == {"email.opened": 2}


def test_duplicates_alone_change_nothing() -> None:
    store = MemoryStore()
    kept(folded(said(0, id_="a"), store=store), store)

    again = folded(said(1, id_="a"), said(2, id_="a"), store=store)

    assert (again.effects.changes, again.effects.outputs) == ({}, [])
    assert again.outcomes == {Outcome.DUPLICATE: 2}


def test_a_duplicate_beside_news_is_not_counted_again() -> None:
    folding = folded(said(0, id_="a"), said(1, id_="a"), said(2, id_="b"))

    assert profiles(folding)[b"c1"]["counts"] == {"email.opened": 2}
    assert folding.outcomes == {Outcome.APPLIED: 2, Outcome.DUPLICATE: 1}


def test_folding_twice_gives_the_same() -> None:
    """A failed transaction is folded again on what the store holds, so the first fold must not have touched it."""
    store = MemoryStore()
    kept(folded(said(0), store=store), store)
    before = (store.position, dict(store.items()))
    records = [said(1), said(2, who="c2"), said(3, "donation.made")]

    first, second = folded(*records, store=store), folded(*records, store=store)

    assert first.effects == second.effects
    assert (store.position, dict(store.items())) == before


def test_a_profile_tells_when_its_newest_interaction_was_received() -> None:
    folding = folded(said(5), said(9), said(10, who="c2"))

    received = {output.key: dict(output.headers)["received_at"] for output in folding.effects.outputs}

    assert received == {b"c1": b"%d" % (NOW + 9), b"c2": b"%d" % (NOW + 10)}


def test_a_duplicate_does_not_make_a_profile_look_received_later() -> None:
    folding = folded(said(5, id_="a"), said(9, id_="a"))

    assert dict(only_output(folding).headers)["received_at"] == b"%d" % (NOW + 5)


@pytest.mark.parametrize("type_", ["contact.linked", "contact.unlinked", "contact.suppressed", "contact.erased"])
def test_commands_change_no_state(type_: str) -> None:
    folding = folded(said(0, type_), said(1, type_, who="c2"))

    assert (folding.effects.changes, folding.effects.outputs) == ({}, [])
    assert not folding.outcomes
    assert not folding.refusals
