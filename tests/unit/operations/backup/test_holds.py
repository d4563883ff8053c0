from streams.operations.backup.record_files import Record
from streams.operations.backup.restore import not_said_since

DIRECT_MAIL, PHONES, PETITION = (Record(0, key, b"{}") for key in (b"direct-mail", b"phones", b"petition"))


def test_a_hold_that_was_said_meanwhile_lets_go_of_no_other() -> None:
    held = [DIRECT_MAIL, PHONES, PETITION]
    assert [*not_said_since(held, {b"phones"})] == [DIRECT_MAIL, PETITION]
    assert [*not_said_since(held, set())] == held
