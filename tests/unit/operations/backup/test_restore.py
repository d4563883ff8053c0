from streams.operations.backup.record_files import Record
from streams.operations.backup.restore import not_superseded

DIRECT_MAIL, PHONES, PETITION = (Record(0, key, b"{}") for key in (b"direct-mail", b"phones", b"petition"))


def test_a_newer_hold_does_not_drop_other_holds_of_a_restored_backup() -> None:
    held = [DIRECT_MAIL, PHONES, PETITION]
    assert [*not_superseded(held, {b"phones"})] == [DIRECT_MAIL, PETITION]
    assert [*not_superseded(held, set())] == held
