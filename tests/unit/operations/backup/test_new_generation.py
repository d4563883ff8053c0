"""Restoring brings nobody back who was erased after the backup, also if what they did is sent again."""

from msgspec.structs import replace

from events.identity_links import CanonicalId, read_canonical_id
from events.json_types import JSON
from events.topics import CONTACT_ROOFS
from streams.domain.contact import ContactState, decode, encode
from streams.domain.contact.identity.identity_assignment import trace, trace_key
from streams.domain.contact.identity.identity_status import Erasure, IdentityStatus
from streams.operations.backup.erasure_ledger import LedgerEntry, latest_erasures, ledger_entry
from streams.operations.backup.new_generation import LaterErasure, merged_traces
from tests.property.worker.links.sayings import Saying, interaction
from tests.property.worker.links.test_backup_law import Copy, Cut, remade
from tests.property.worker.links.world import World
from tests.unit.domain.contact.said import HOUR
from tests.unit.events.records import NOW

ADA: dict[str, JSON] = {"contact_id": "crm.ada", "email": "ada@example.org"}
MAIL: dict[str, JSON] = {"email": "ada@example.org", "phone": "212 555 0199"}
PHONE: dict[str, JSON] = {"phone": "212 555 0199"}
BO: dict[str, JSON] = {"contact_id": "crm.bo"}
BEFORE, ERASED, AFTER = NOW - 3 * HOUR, NOW - 2 * HOUR, NOW - HOUR


def form(id_: str, contact: dict[str, JSON], time: int = BEFORE) -> Saying:
    return Saying(interaction("form.submitted", id_, time, "team/a", {"contact": contact, "form_id": "f"}), NOW)


ERASE = Saying(interaction("contact.erased", "e", ERASED, "office/desk", {"contact": {"contact_id": "crm.ada"}}), NOW)
FORMS = [form("1", ADA), form("2", MAIL), form("3", PHONE), form("4", BO)]


def tell(world: World, *sayings: Saying) -> World:
    for saying in sayings:
        world.say(saying.interaction, saying.appended_at)
        world.settle()
    return world


def copy_of(world: World) -> Copy:
    """At rest, so nothing is waiting; what comes later is not sent again unless a test does."""
    numbers = range(world.partitions)
    cuts = {number: Cut(dict(world.stores[number].items()), 1 << 30, 1 << 30) for number in numbers}
    return Copy(cuts, dict.fromkeys(numbers, 0), dict.fromkeys(numbers, 1 << 30))


def erased_since(world: World, *, is_older: bool = False) -> list[LaterErasure]:
    """As a file beside the backup says; `is_older`: one that the version before wrote."""
    entries: list[LedgerEntry] = []
    for number in range(world.partitions):
        for record in world.logs[CONTACT_ROOFS, number]:
            read = read_canonical_id(record.key, record.value)
            assert isinstance(read, tuple)
            if isinstance(read[1], CanonicalId) and read[1].erased is not None:
                entries.append(ledger_entry(read[0], 0, read[1]))
    return latest_erasures([replace(entry, name=None) for entry in entries] if is_older else entries)


def test_a_restore_erases_whoever_was_erased_since_under_every_fragment() -> None:
    lost = tell(World(), *FORMS)
    copy = copy_of(lost)
    since = erased_since(tell(lost, ERASE))
    assert len(since) == 3

    world = remade(lost, copy, 5, since)

    assert world.profiles().keys() == {"crm.bo"}
    assert world.closed() == lost.closed()
    assert world.closed().keys() == names_of_ada(world)
    assert receipts(world) == ["crm.ada"]
    tell(world, *FORMS)
    assert world.profiles().keys() == {"crm.bo"}


def test_a_restore_closes_an_erased_identifier_that_was_only_named_beside_another() -> None:
    """In the backup an address is an edge of Ada, who forgets it before anybody is told of it."""
    lost = tell(World(), FORMS[0])
    copy = copy_of(lost)
    since = erased_since(tell(lost, ERASE))

    world = remade(lost, copy, 3, since)

    assert world.closed() == lost.closed()
    assert len(world.closed()) == 2


def test_a_person_erased_before_the_backup_stays_closed_under_every_identifier() -> None:
    lost = tell(World(), *FORMS, ERASE)

    world = remade(lost, copy_of(lost), 5)

    assert world.closed() == lost.closed()
    assert world.closed().keys() == names_of_ada(world)
    assert receipts(world) == []


def test_a_restore_keeps_an_erased_fragment_erased_that_the_backup_does_not_know() -> None:
    lost = World()
    copy = copy_of(lost)
    since = erased_since(tell(lost, *FORMS, ERASE))

    world = remade(lost, copy, 3, since)

    assert world.closed().keys() == names_of_ada(world)
    assert receipts(world) == ["crm.ada"]
    tell(world, *FORMS)
    assert world.profiles().keys() == {"crm.bo"}
    assert world.closed().keys() == names_of_ada(world)


def test_people_an_older_ledger_knows_by_hash_alone_do_not_come_back_and_are_not_closed() -> None:
    lost = World()
    copy = copy_of(lost)
    since = erased_since(tell(lost, *FORMS, ERASE), is_older=True)

    world = remade(lost, copy, 3, since)

    assert world.closed().keys() == {"crm.ada"}
    tell(world, *FORMS)
    assert world.profiles().keys() == {"crm.bo"}
    assert world.closed().keys() == {"crm.ada"}


def test_a_ledger_closes_a_person_whom_an_older_version_kept_as_a_trace_of_the_same_erasure() -> None:
    lost = tell(World(), *FORMS, ERASE)
    copy, since = copy_of(lost), erased_since(lost)
    for cut in copy.cuts.values():
        for key, value in list(cut.table.items()):
            if not key.startswith(b"/") and (state := decode(value)).place is not None and state.place.marks:
                cut.table[trace_key(key.decode())] = encode(trace(state))
                del cut.table[key]

    world = remade(lost, copy, 3, since)

    assert world.closed().keys() == names_of_ada(world)
    tell(world, *FORMS)
    assert world.profiles().keys() == {"crm.bo"}
    assert world.closed().keys() == names_of_ada(world)


def test_merging_two_traces_of_a_fragment_keeps_what_either_knows() -> None:
    one = ContactState(version=2, place=IdentityStatus(told=3, linked=True, erased=Erasure(ERASED, "office/desk", "e")))
    other = ContactState(
        version=4, place=IdentityStatus(erased=Erasure(ERASED, "office/desk", "e"), marks=True, swept=5)
    )
    for merged in (merged_traces(one, other), merged_traces(other, one)):
        assert merged.version == 4
        assert merged.place == IdentityStatus(
            told=3, linked=True, erased=Erasure(ERASED, "office/desk", "e"), marks=True, swept=5
        )


def test_a_restore_keeps_a_record_begun_after_the_erasure_and_before_the_backup() -> None:
    lost = tell(World(), *FORMS, ERASE, form("5", ADA, AFTER))
    shown = lost.profiles()
    world = remade(lost, copy_of(lost), 3, erased_since(lost))
    assert world.profiles() == shown
    assert world.closed() == lost.closed()


def test_a_ledger_has_each_identifier_as_the_topics_have_it_and_says_which_of_them_named_the_person() -> None:
    lost = tell(World(), *FORMS, ERASE)
    since = erased_since(lost)
    assert {each.contact_id for each in since} == names_of_ada(lost)
    assert {each.contact_id for each in since if each.names} == {"crm.ada"}


def names_of_ada(world: World) -> set[str]:
    hashes = world.hasher.email("ada@example.org"), world.hasher.phone("212 555 0199")
    return {"crm.ada", *(each for each in hashes if each is not None)}


def receipts(world: World) -> list[str]:
    return [str(alert["contact_id"]) for alert in world.alerts]
