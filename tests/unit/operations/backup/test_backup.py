"""Backups."""

import stat
from pathlib import Path

import pytest
from msgspec.structs import replace
from pydantic import SecretStr

from events.identity_links import CanonicalId, read_canonical_id
from events.json_types import JSON
from events.topics import CONTACT_ROOFS
from streams.domain.contact import ContactState, decode, encode
from streams.domain.contact.identity.identity_assignment import trace, trace_key
from streams.domain.contact.identity.identity_status import Erasure, IdentityStatus
from streams.operations.backup.erasure_ledger import (
    LedgerEntry,
    add_to_ledger,
    latest_erasures,
    ledger_entry,
    read_ledger,
)
from streams.operations.backup.manifest import (
    FORMAT,
    Manifest,
    identity_of,
    read_manifest,
    require_identity,
    require_whole,
    write_manifest,
)
from streams.operations.backup.new_generation import LaterErasure, merged_traces
from streams.operations.backup.record_files import (
    BackupError,
    Record,
    RecordWriter,
    read_records,
    sha256_of,
    write_records,
)
from streams.operations.backup.restore import not_superseded
from streams.operations.backup.target_topics import judge_workers
from streams.platform.settings import Settings
from tests.property.worker.links.sayings import Saying, interaction
from tests.property.worker.links.test_machine import Copy, Cut, remade
from tests.property.worker.links.world import World
from tests.unit.domain.contact.said import HOUR
from tests.unit.events.records import NOW

ADA, BEN, CY = (LedgerEntry(f"/{name}", 1_000, "office/erasures", name) for name in ("ada", "ben", "cy"))


def test_each_erasure_is_in_the_ledger_once(tmp_path: Path) -> None:
    path = tmp_path / "erasures.jsonl"
    assert add_to_ledger(path, [ADA, BEN]) == 2
    assert add_to_ledger(path, [BEN, CY]) == 3
    assert read_ledger(path) == [ADA, BEN, CY]


@pytest.mark.parametrize("cut", range(1, 40, 6))
def test_a_cut_off_line_of_the_ledger_spoils_no_other(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "erasures.jsonl"
    add_to_ledger(path, [ADA, BEN])
    path.write_bytes(path.read_bytes()[:-cut])
    assert add_to_ledger(path, [BEN, CY]) == 3
    assert read_ledger(path) == [ADA, BEN, CY]


def test_a_bad_line_of_the_ledger_is_named(tmp_path: Path) -> None:
    path = tmp_path / "erasures.jsonl"
    path.write_bytes(b"{}\n")
    with pytest.raises(BackupError, match="line 1"):
        add_to_ledger(path, [ADA])


def test_a_last_line_of_the_ledger_without_line_end_stays(tmp_path: Path) -> None:
    """The topic tells it no more once it is a day old."""
    path = tmp_path / "erasures.jsonl"
    add_to_ledger(path, [ADA, BEN])
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert add_to_ledger(path, [CY]) == 3
    assert read_ledger(path) == [ADA, BEN, CY]


SETTINGS = Settings(identity_key=SecretStr("new,old"), phone_region="US")
NOON = "2012-11-06T12:00:00.000Z"


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    file = write_records(tmp_path / "contacts-0.zst", [Record(0, b"ada", b"state")])
    return Manifest(FORMAT, "0.1", NOON, NOON, NOON, 1, 0, identity_of(SETTINGS), 1, [7], [9], [file])


def test_a_manifest_is_read_as_it_was_written(tmp_path: Path, manifest: Manifest) -> None:
    write_manifest(tmp_path, manifest)
    assert read_manifest(tmp_path) == manifest
    require_whole(tmp_path, manifest)


def test_a_manifest_holds_no_key(tmp_path: Path, manifest: Manifest) -> None:
    write_manifest(tmp_path, replace(manifest, identity=identity_of(Settings(identity_key=SecretStr("hush-hush")))))
    assert "hush" not in (tmp_path / "manifest.json").read_text()


def test_a_directory_without_a_manifest_is_no_backup(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="was not finished"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("spoilt", ["{", '{"format": 1}', "[]"])
def test_an_unreadable_manifest_is_named(tmp_path: Path, spoilt: str) -> None:
    (tmp_path / "manifest.json").write_text(spoilt)
    with pytest.raises(BackupError, match=r"manifest\.json cannot be read"):
        read_manifest(tmp_path)


def test_a_manifest_of_another_format_names_the_version_that_reads_it(tmp_path: Path, manifest: Manifest) -> None:
    write_manifest(tmp_path, replace(manifest, format=FORMAT + 1))
    with pytest.raises(BackupError, match=r"use Harmonia 0\.1"):
        read_manifest(tmp_path)


def test_a_manifest_from_before_the_first_release_names_the_cure(tmp_path: Path, manifest: Manifest) -> None:
    write_manifest(tmp_path, replace(manifest, format=FORMAT - 1))
    with pytest.raises(BackupError, match=r"was written before 0\.1\.0: rebuild from the lake"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("happened", ["changed", "gone"])
def test_a_backup_file_that_was_changed_is_named(tmp_path: Path, manifest: Manifest, happened: str) -> None:
    path = tmp_path / "contacts-0.zst"
    if happened == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(BackupError, match=r"contacts-0\.zst is not as it was written"):
        require_whole(tmp_path, manifest)


@pytest.mark.parametrize("keys", ["new,old", "old,new", "newest,new,old"])
def test_identity_keys_that_include_the_backups_are_accepted(manifest: Manifest, keys: str) -> None:
    require_identity(manifest, Settings(identity_key=SecretStr(keys)))


@pytest.mark.parametrize("keys", ["new", "old", "another"])
def test_a_restore_without_the_backups_identity_key_is_refused_by_the_settings_name(
    manifest: Manifest, keys: str
) -> None:
    with pytest.raises(BackupError, match="HARMONIA_IDENTITY_KEY") as refused:
        require_identity(manifest, Settings(identity_key=SecretStr(keys)))
    assert "old" not in str(refused.value)


def test_other_identity_settings_than_the_backups_are_refused(manifest: Manifest) -> None:
    with pytest.raises(BackupError, match="HARMONIA_PHONE_REGION"):
        require_identity(manifest, SETTINGS.model_copy(update={"phone_region": "CA"}))
    with pytest.raises(BackupError, match="HARMONIA_GMAIL_ALIASES"):
        require_identity(manifest, SETTINGS.model_copy(update={"gmail_aliases": True}))


CONTACT: dict[str, JSON] = {"contact_id": "crm.ada", "email": "ada@example.org"}
MAIL: dict[str, JSON] = {"email": "ada@example.org", "phone": "212 555 0199"}
PHONE: dict[str, JSON] = {"phone": "212 555 0199"}
BO: dict[str, JSON] = {"contact_id": "crm.bo"}
BEFORE, ERASED, AFTER = NOW - 3 * HOUR, NOW - 2 * HOUR, NOW - HOUR


def form(id_: str, contact: dict[str, JSON], time: int = BEFORE) -> Saying:
    return Saying(interaction("form.submitted", id_, time, "team/a", {"contact": contact, "form_id": "f"}), NOW)


ERASE = Saying(interaction("contact.erased", "e", ERASED, "office/desk", {"contact": {"contact_id": "crm.ada"}}), NOW)
FORMS = [form("1", CONTACT), form("2", MAIL), form("3", PHONE), form("4", BO)]


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
    lost = tell(World(), *FORMS, ERASE, form("5", CONTACT, AFTER))
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


MANY = [Record(n % 3, b"key %d" % n, None if n % 7 == 0 else b"value" * n, (("version", b"1"),)) for n in range(1_201)]


@pytest.mark.parametrize("records", [[], [Record(0, None, None)], MANY], ids=["none", "one", "many"])
def test_records_are_read_as_they_were_written(tmp_path: Path, records: list[Record]) -> None:
    file = write_records(tmp_path / "records.zst", records)
    assert [*read_records(tmp_path / "records.zst")] == records
    assert (file.name, file.records) == ("records.zst", len(records))
    assert file.sha256 == sha256_of(tmp_path / "records.zst")


def test_a_record_file_is_private_and_appears_once_it_is_whole(tmp_path: Path) -> None:
    out = RecordWriter(tmp_path / "records.zst")
    out.add(MANY)
    assert not (tmp_path / "records.zst").exists()
    out.done()
    assert stat.S_IMODE((tmp_path / "records.zst").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["records.zst"]


def test_a_dropped_record_file_is_deleted(tmp_path: Path) -> None:
    out = RecordWriter(tmp_path / "records.zst")
    out.add(MANY)
    out.drop()
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("cut", [1, 40, 1000])
def test_a_truncated_record_file_is_refused(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "records.zst"
    write_records(path, MANY)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(BackupError, match=r"records\.zst: not a whole file"):
        list(read_records(path))


DIRECT_MAIL, PHONES, PETITION = (Record(0, key, b"{}") for key in (b"direct-mail", b"phones", b"petition"))


def test_a_newer_hold_does_not_drop_other_holds_of_a_restored_backup() -> None:
    held = [DIRECT_MAIL, PHONES, PETITION]
    assert [*not_superseded(held, {b"phones"})] == [DIRECT_MAIL, PETITION]
    assert [*not_superseded(held, set())] == held


@pytest.mark.parametrize(
    ("members", "told"),
    [
        (0, None),
        (1, "1 worker of harmonia is running: stop it before switching"),
        (3, "3 workers of harmonia are running: stop them before switching"),
    ],
)
def test_running_workers_are_refused_with_their_number_and_the_operation(members: int, told: str | None) -> None:
    assert judge_workers(members, "harmonia", "switching") == told
