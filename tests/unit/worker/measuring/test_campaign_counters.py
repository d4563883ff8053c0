from zlib import crc32

from streams.domain.contact import profile
from streams.engine.store import MemoryStore
from streams.worker.measuring.campaign_counters import ONE_IN
from tests.unit.engine.kafka_records import Fetched
from tests.unit.worker.agents.contacts.interaction_records import folded, kept, said, state_of


def gift(offset: int, donation_id: str = "actblue:1", amount: int = 2500, currency: str = "USD") -> Fetched:
    return said(offset, "donation.made", donation_id=donation_id, amount=amount, currency=currency)


def test_types_are_counted_where_they_are_new() -> None:
    tally = folded(said(0), said(1), said(2, id_="i0"), gift(3)).tally

    assert tally.types == {"email.opened": 2, "donation.made": 1}


def test_money_is_what_a_chunk_changes() -> None:
    store = MemoryStore()
    first = folded(gift(0), gift(1), store=store)
    kept(first, store)
    second = folded(
        said(2, "donation.refunded", refund_id="r1", amount=1000, currency="USD"),
        gift(3, "actblue:2", 300, "EUR"),
        store=store,
    )

    assert first.tally.money == {("USD", "given"): 2500}
    assert second.tally.money == {("USD", "returned"): 1000, ("EUR", "given"): 300}


def test_a_gift_that_is_taken_back_was_returned_and_one_that_is_forgotten_was_not() -> None:
    store = MemoryStore()
    kept(folded(gift(0), store=store), store)
    back = folded(said(1, "interaction.retracted", retracts={"source": "digital/mailer", "id": "i0"}), store=store)

    assert back.tally.money == {("USD", "returned"): 2500}
    assert folded(said(1, "contact.erased"), store=store).tally.money == {}


def test_a_gift_that_is_forgotten_was_not_given_back() -> None:
    """Though another one comes in the same step."""
    store = MemoryStore()
    rented = said(0, "donation.made", donation_id="a:1", amount=2500, currency="USD", provenance={"kind": "rented"})
    kept(folded(rented, gift(1, "a:2", 700), store=store), store)
    forget = said(2, "contact.provenance_forgotten", kind="rented")

    assert folded(forget, gift(3, "a:3", 300), store=store).tally.money == {("USD", "given"): 300}


def test_reports_are_counted_by_method_and_outcome() -> None:
    doors = [said(offset, "canvass.reported", method="door", outcome="contacted") for offset in range(2)]
    tally = folded(*doors, said(2, "canvass.reported", method="phone", outcome="busy")).tally

    assert tally.reports == {("door", "contacted"): 2, ("phone", "busy"): 1}


def test_what_one_contact_in_so_many_has_read_stands_for_all() -> None:
    names = [f"c{number}" for number in range(20 * ONE_IN)]
    folding = folded(*(said(offset, who=name) for offset, name in enumerate(names)))
    asked = [name for name in names if crc32(name.encode()) % ONE_IN == 0]
    opens = [profile(name, state_of(folding, name))["email"]["opens_human"] for name in asked]

    assert len(asked) > 5
    assert folding.tally.human == {("open", "up"): round(sum(opens) * 1000)}
    assert folding.tally.acts == {"open": len(asked)}


def test_what_is_taken_back_was_no_persons() -> None:
    store = MemoryStore()
    name = next(name for name in map(str, range(1000)) if crc32(name.encode()) % ONE_IN == 0)
    opened = folded(said(0, who=name), store=store)
    kept(opened, store)
    retraction = said(1, "interaction.retracted", who=name, retracts={"source": "digital/mailer", "id": "i0"})
    back = folded(retraction, store=store)

    assert back.tally.human == {("open", "down"): opened.tally.human["open", "up"]}
