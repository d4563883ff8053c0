"""The header `received_at`: when Harmonia first saw what a record stands for, so that latency can be measured."""

from collections.abc import Callable, Iterable

RECEIVED = "received_at"
"""Header: milliseconds since 1970, as text; the append time of the newest input record behind this one."""

#: The wall clock, in milliseconds since 1970.
Clock = Callable[[], int]


def received_header(at_ms: int) -> tuple[str, bytes]:
    """The header for a record that stands for what was received then."""
    return RECEIVED, b"%d" % at_ms


def received_at(headers: Iterable[tuple[str, bytes | None]]) -> int | None:
    """When a record was received, by its headers; None where that cannot be read."""
    for name, value in headers:
        if name == RECEIVED and value is not None and value.isdigit():
            return int(value)
    return None
