from collections import Counter
from collections.abc import Sequence

import orjson
import pytest

from events.json_types import JSON
from events.times import render_time
from events.topics import CONTACT_STATE, CONTACT_SUPPRESSIONS, IDENTITY_LINKS
from streams.domain.contact import FoldOutcome
from streams.domain.contact.identity.identity_assignment import is_by_itself
from streams.engine.store import MemoryStore
from streams.engine.writer import Output
from streams.worker.agents.contacts.interactions import InteractionsHandler
from streams.worker.agents.contacts.output_records import GENERATION_BITS
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW
from tests.unit.worker.agents.contacts.interaction_records import GENERATION, HASHER, folded, kept, said, state_of

HOUR = 3_600_000
TODAY = render_time(NOW)
FIRST = GENERATION << GENERATION_BITS


def profiles(folding: InteractionsHandler) -> dict[bytes | None, dict[str, object]]:
    """By key, the value of each output to `contact-state`."""
    return {
        out.key: orjson.loads(out.value or b"null") for out in folding.effects.outputs if out.topic == CONTACT_STATE
    }


def only_output(folding: InteractionsHandler) -> Output:
    [output] = folding.effects.outputs
    return output


def consent(offset: int, id_: str, time: int, *, granted: bool) -> Fetched:
    return said(offset, "consent.changed", id_=id_, time=time, channel="email", granted=granted)


def ruling(offset: int, time: int) -> Fetched:
    return said(offset, "contact.linked", id_="same", time=time, contact_ids=["c2", "c1"])


@pytest.mark.parametrize("beside", [(), (said(3, "donation.made", time=NOW),)])
def test_a_copy_that_is_earlier_is_kept_and_shown_whatever_else_its_chunk_holds(beside: Sequence[Fetched]) -> None:
    store = MemoryStore()
    no, late = consent(1, "no", NOW - HOUR, granted=False), consent(0, "yes", NOW, granted=True)
    kept(folded(late, no, store=store), store)

    folding = folded(consent(2, "yes", NOW - 2 * HOUR, granted=True), *beside, store=store)

    assert profiles(folding)[b"c1"]["consent"] == {"email": False}
    assert profiles(folding)[b"c1"]["version"] == FIRST + 2
    assert [out.value for out in folding.effects.outputs if out.topic == CONTACT_SUPPRESSIONS] != []
    assert folding.tally.types == Counter("donation.made" for _ in beside)
    assert folding.outcomes == Counter({FoldOutcome.EARLIER: 1} | ({FoldOutcome.APPLIED: 1} if beside else {}))


def test_a_copy_of_a_suppression_that_is_earlier_is_shown_in_the_profile() -> None:
    store = MemoryStore()
    kept(folded(said(0), said(1, "contact.suppressed", id_="stop", time=NOW + HOUR), store=store), store)

    folding = folded(said(2, "contact.suppressed", id_="stop"), store=store)

    assert profiles(folding)[b"c1"]["stops"]["all"]["at"] == TODAY  # type: ignore[index]


def test_a_copy_of_a_ruling_that_is_earlier_is_told() -> None:
    store = MemoryStore()
    kept(folded(ruling(0, NOW), store=store), store)

    told = only_output(folded(ruling(1, NOW - HOUR), store=store))

    assert (told.topic, told.key) == (IDENTITY_LINKS, b"said/c1/c2")


def test_a_profile_tells_when_its_newest_interaction_was_received() -> None:
    folding = folded(said(5), said(9), said(10, who="c2"), said(11, id_="i9"))

    received = {output.key: dict(output.headers)["received_at"] for output in folding.effects.outputs}

    assert received == {b"c1": b"%d" % (NOW + 9), b"c2": b"%d" % (NOW + 10)}


@pytest.mark.parametrize(("type_", "same"), [("contact.linked", True), ("contact.unlinked", False)])
def test_a_ruling_is_told_and_shows_no_profile(type_: str, same: bool) -> None:
    store = MemoryStore()
    folding = folded(said(0, type_, contact_ids=["c2", "c1"]), store=store)
    kept(folding, store)

    told = only_output(folding)
    assert (told.topic, told.partition, told.key) == (IDENTITY_LINKS, 0, b"said/c1/c2")
    assert orjson.loads(told.value or b"")["same"] is same
    again = folded(said(1, type_, id_="i0", contact_ids=["c2", "c1"]), store=store)
    assert (again.effects.changes, again.effects.outputs) == ({}, [])
    assert again.outcomes == {FoldOutcome.DUPLICATE: 1}


def test_a_channel_is_closed_by_a_stop_and_open_again_when_that_is_taken_back() -> None:
    store = MemoryStore()
    kept(folded(said(0), store=store), store)

    stopped = folded(said(1, "text.opted_out"), store=store)
    kept(stopped, store)

    _, closed = stopped.effects.outputs
    why = {"reason": "opted_out", "since": "2012-02-22T10:00:00.000Z", "source": "digital/mailer", "id": "i1"}
    assert (closed.topic, orjson.loads(closed.value or b"")) == (CONTACT_SUPPRESSIONS, {"text": why})
    heard_again = folded(said(2), store=store)
    assert [out.topic for out in heard_again.effects.outputs] == [CONTACT_STATE]

    kept(heard_again, store)
    taken_back = said(3, "interaction.retracted", retracts={"source": "digital/mailer", "id": "i1"})
    opened = folded(taken_back, store=store)
    assert [(out.topic, out.value is None) for out in opened.effects.outputs] == [
        (CONTACT_STATE, False),
        (CONTACT_SUPPRESSIONS, True),
    ]
    assert is_by_itself(state_of(opened, "c1"))


def test_whom_an_interaction_names_is_told_once_and_withdrawn_with_it() -> None:
    store = MemoryStore()
    named: dict[str, JSON] = {"contact_id": "c1", "voter_id": "NY:1", "email": "ada@example.org"}
    first = folded(said(0, contact=named), store=store)
    kept(first, store)
    second = folded(said(1, contact=named), store=store)
    kept(second, store)
    retractions = [
        said(2 + number, "interaction.retracted", retracts={"source": "digital/mailer", "id": f"i{number}"})
        for number in (0, 1)
    ]
    third = folded(retractions[0], store=store)
    kept(third, store)
    fourth = folded(retractions[1], store=store)

    voter, email = HASHER.voter("NY:1"), HASHER.email("ada@example.org")
    edges = [f"seen/c1/c1/{voter}".encode(), f"seen/c1/c1/{email}".encode()]
    assert set(links(first)) == set(edges)
    assert orjson.loads(links(first)[edges[0]] or b"")["b_class"] == "voter:NY"
    assert (links(second), links(third)) == ({}, {})
    assert links(fourth) == dict.fromkeys(edges)


def links(folding: InteractionsHandler) -> dict[bytes | None, bytes | None]:
    """What the links agent is told, by key."""
    return {out.key: out.value for out in folding.effects.outputs if out.topic == IDENTITY_LINKS}


def erase(offset: int, since: int, who: str = "c1") -> Fetched:
    """Decided a second after everything else."""
    return said(offset, "contact.erased_if_inactive", who, time=NOW + 1_000, inactive_since=render_time(since))


@pytest.mark.parametrize("at_once", [True, False])
def test_who_gave_after_the_count_is_not_erased_for_doing_nothing(at_once: bool) -> None:
    """The gift was heard before the command, be it in the same chunk."""
    store = MemoryStore()
    gift, command = said(0, "donation.made"), erase(1, NOW - 1)
    if at_once:
        folding = folded(gift, command, store=store)
        kept(folding, store)
    else:
        kept(folded(gift, store=store), store)
        folding = folded(command, store=store)
        assert folding.effects.outputs == []
    assert folding.outcomes[FoldOutcome.IN_VAIN] == 1
    assert profiles(folded(said(2), store=store))[b"c1"]["counts"] == {"donation.made": 1, "email.opened": 1}


def test_who_has_done_nothing_since_is_erased_by_it_and_nobody_who_is_not_known() -> None:
    store = MemoryStore()
    kept(folded(said(0, "donation.made"), store=store), store)
    erasing = folded(erase(1, NOW), store=store)
    assert erasing.outcomes == {FoldOutcome.APPLIED: 1}
    kept(erasing, store)
    assert profiles(erasing) == {b"c1": None}
    for again in (erase(1, NOW), erase(2, NOW), erase(3, NOW, "c2")):
        assert folded(again, store=store).outcomes == {FoldOutcome.IN_VAIN: 1}
