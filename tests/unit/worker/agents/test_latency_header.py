import pytest

from streams.worker.agents.latency_header import received_at, received_header


def test_a_latency_header_is_read_as_it_was_written() -> None:
    assert received_at([("other", b"7"), received_header(1_329_868_800_123)]) == 1_329_868_800_123


def test_the_latency_header_is_text() -> None:
    assert received_header(1_329_868_800_123) == ("received_at", b"1329868800123")


@pytest.mark.parametrize("value", [None, b"", b"soon", b"-5", b"1.5", b"\xff"])
def test_a_latency_header_that_cannot_be_read_is_none(value: bytes | None) -> None:
    assert received_at([("received_at", value)]) is None


def test_without_headers_there_is_no_time_of_receipt() -> None:
    assert received_at([]) is None
