import orjson
import pytest

from benchmarks.segments.running import share_of
from benchmarks.segments.tellings import NotTold, Tellings


def change(name: str, entered: list[str], left: list[str]) -> bytes:
    return orjson.dumps({"contact_id": name, "version": 1, "cause": "time", "entered": entered, "left": left})


def test_entries_and_exits_of_the_contacts_of_interest_are_noted_once() -> None:
    found = Tellings("fresh", "probe-")
    found.note(change("probe-1", ["fresh", "donors"], []), 1.0)
    found.note(change("probe-1", ["fresh"], []), 2.0)
    found.note(change("somebody", ["fresh"], []), 3.0)
    found.note(change("probe-2", ["donors"], []), 4.0)
    found.note(change("probe-1", [], ["fresh"]), 5.0)
    assert found.wait_for("entered", 1, 0) == {"probe-1": 1.0}
    assert found.wait_for("left", 1, 0) == {"probe-1": 5.0}
    with pytest.raises(NotTold, match="1 of 2 contacts have entered fresh"):
        found.wait_for("entered", 2, 0)


def test_the_share_of_delays_is_the_first_that_so_many_kept_within() -> None:
    delays = [number / 100 for number in range(1, 101)]
    assert [share_of(delays, share) for share in (0.5, 0.99, 1)] == [0.5, 0.99, 1.0]
