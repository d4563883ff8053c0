"""Restoring brings nobody back who was erased after the backup, also if what they did is sent again."""

from events.json_types import JSON
from events.links import Roof, read_roof
from events.topics import CONTACT_ROOFS, CONTACT_SUPPRESSIONS
from streams.operations.backup.erasure_ledger import LedgerEntry, latest_erasures, ledger_entry
from streams.operations.backup.new_generation import LaterErasure
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


def erased_since(world: World) -> list[LaterErasure]:
    entries: list[LedgerEntry] = []
    for number in range(world.partitions):
        for record in world.logs[CONTACT_ROOFS, number]:
            read = read_roof(record.key, record.value)
            assert isinstance(read, tuple)
            if isinstance(read[1], Roof) and read[1].erased is not None:
                entries.append(ledger_entry(read[0], 0, read[1]))
    return latest_erasures(entries)


def test_a_restore_erases_whoever_was_erased_since_under_every_fragment() -> None:
    lost = tell(World(), *FORMS)
    copy = copy_of(lost)
    since = erased_since(tell(lost, ERASE))
    assert len(since) == 3

    world = remade(lost, copy, 5, since)

    assert world.profiles().keys() == {"crm.bo"}
    assert world.closed() == lost.closed()
    tell(world, *FORMS)
    assert world.profiles().keys() == {"crm.bo"}


def test_an_erased_fragment_the_backup_does_not_know_stays_erased() -> None:
    lost = World()
    copy = copy_of(lost)
    since = erased_since(tell(lost, *FORMS, ERASE))

    world = remade(lost, copy, 3, since)

    tell(world, *FORMS)
    assert world.profiles().keys() == {"crm.bo"}
    assert world.latest[CONTACT_SUPPRESSIONS].keys() == {"crm.ada"}


def test_a_record_that_was_begun_after_the_erasure_and_before_the_backup_stays() -> None:
    lost = tell(World(), *FORMS, ERASE, form("5", ADA, AFTER))
    shown = lost.profiles()
    world = remade(lost, copy_of(lost), 3, erased_since(lost))
    assert world.profiles() == shown
    assert world.closed() == lost.closed()


def test_a_ledger_holds_no_identifier_of_an_erased_person_but_the_contact_id() -> None:
    lost = tell(World(), *FORMS, ERASE)
    mail = lost.hasher.email("ada@example.org")
    assert mail is not None
    text = str(erased_since(lost))
    assert "crm.ada" in text
    assert mail.partition(":")[2] not in text
