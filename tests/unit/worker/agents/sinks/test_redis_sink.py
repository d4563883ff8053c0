import pytest

from sinks.base import ContactChange
from streams.worker.agents.sinks.redis_sink import change_of, link_of
from tests.unit.engine.kafka_records import Fetched

VERSION = ("version", b"81234")


def record(value: bytes | None, *headers: tuple[str, bytes | None], key: bytes | None = b"c1") -> Fetched:
    return Fetched(0, value, key, headers)


ERASED, FORGOTTEN = (ContactChange("c1", 81234, None, reason, None) for reason in ("erased", "forgotten"))


@pytest.mark.parametrize(
    ("said", "change"),
    [
        (record(b"{}", VERSION), ContactChange("c1", 81234, b"{}", None, None)),
        (record(b"{}", ("trace", b"\xff"), VERSION), ContactChange("c1", 81234, b"{}", None, None)),
        (
            record(None, VERSION, ("reason", b"merged"), ("merged_into", b"c2")),
            ContactChange("c1", 81234, None, "merged", "c2"),
        ),
        (record(None, VERSION, ("reason", b"erased")), ERASED),
        (record(None, VERSION, ("reason", b"forgotten")), FORGOTTEN),
    ],
)
def test_a_record_of_contact_state_is_a_change_whatever_other_headers_it_has(
    said: Fetched, change: ContactChange
) -> None:
    assert change_of(said) == change


def test_a_contact_that_was_never_heard_of_by_itself_is_forgotten_and_an_erased_one_is_not() -> None:
    assert (FORGOTTEN.forgotten, ERASED.forgotten) == (True, False)


@pytest.mark.parametrize(
    "foreign",
    [
        record(b"{}"),
        record(b"{}", ("version", None)),
        record(b"{}", ("version", b"")),
        record(b"{}", ("version", b"seven")),
        record(b"{}", ("version", b"-1")),
        record(b"{}", VERSION, key=None),
        record(b"{}", VERSION, key=b"\xff"),
        record(None, VERSION, ("merged_into", b"\xff")),
    ],
)
def test_a_record_that_is_not_of_harmonias_making_is_passed_over(foreign: Fetched) -> None:
    assert change_of(foreign) is None


def test_a_link_is_an_absorbed_contact() -> None:
    assert link_of(record(b'{"merged_into": "c2"}', VERSION)) == ContactChange("c1", 81234, None, None, "c2")


def test_a_null_link_is_a_contact_that_stands_alone_again() -> None:
    assert link_of(record(None, VERSION)) == ContactChange("c1", 81234, None, None, None, alone=True)


@pytest.mark.parametrize(
    "foreign",
    [
        record(None),
        record(None, ("version", b"seven")),
        record(None, VERSION, key=None),
        record(None, VERSION, key=b"\xff"),
        record(b"{", VERSION),
        record(b"{}", VERSION),
        record(b'{"merged_into": null}', VERSION),
        record(b'{"merged_into": "\xff"}', VERSION),
        record(b'{"later":' + b"[" * 100_000, VERSION),
    ],
)
def test_a_link_that_is_not_of_harmonias_making_is_passed_over(foreign: Fetched) -> None:
    assert link_of(foreign) is None
