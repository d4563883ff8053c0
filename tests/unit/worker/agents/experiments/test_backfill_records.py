"""Records by which a partition has everybody counted anew."""

import pytest

from streams.worker.agents.experiments.backfill import BackfillStep, read_step, step_record

NESTED = b"\x93\x07\xc4\x00" + b"\x91" * 5_000 + b"\xc0"
"""A step with one thing more in it, as a later version may write, that is an array in an array and so on."""


def test_a_backfill_step_is_read_as_it_was_written() -> None:
    assert read_step(step_record(1, BackfillStep(7, b"c-1")).value) == BackfillStep(7, b"c-1")


@pytest.mark.parametrize("value", [None, b"", b"\xff", b"\x91\xa1a", NESTED])
def test_what_says_nothing_is_passed_over(value: bytes | None) -> None:
    assert read_step(value) is None
