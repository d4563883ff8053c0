import pytest

from sinks.base import ContactChange
from streams.worker.agents.sinks.redis_sink import change_of, link_of
from tests.unit.engine.kafka_records import Fetched

VERSION = ("version", b"81234")


def record(value: bytes | None, *headers: tuple[str, bytes | None], key: bytes | None = b"c1") -> Fetched:
    return Fetched(0, value, key, headers)


def test_a_profile_is_a_living_contact() -> None:
    assert change_of(record(b"{}", VERSION)) == ContactChange("c1", 81234, b"{}", None, None)


def test_a_null_value_with_a_survivor_is_an_absorbed_contact() -> None:
    merged = record(None, VERSION, ("reason", b"merged"), ("merged_into", b"c2"))

    assert change_of(merged) == ContactChange("c1", 81234, None, "merged", "c2")


def test_a_null_value_without_a_survivor_is_an_erased_contact() -> None:
    assert change_of(record(None, VERSION, ("reason", b"erased"))) == ContactChange("c1", 81234, None, "erased", None)


def test_a_null_value_may_be_of_a_contact_that_was_never_heard_of_by_itself() -> None:
    forgotten = change_of(record(None, VERSION, ("reason", b"forgotten")))

    assert forgotten == ContactChange("c1", 81234, None, "forgotten", None)
    assert forgotten.forgotten


def test_unknown_headers_of_contact_state_change_nothing() -> None:
    assert change_of(record(b"{}", ("trace", b"\xff"), VERSION)) == ContactChange("c1", 81234, b"{}", None, None)


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
