"""What committees were given and how far ballots are, by region, equal sums over people, whatever becomes of them."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from events.topics import CONTACT_STATE
from streams.services.console.desk import Desk
from streams.services.console.desk_batches import Limits, TopicRecord
from streams.services.console.desk_cells import Everything
from streams.services.console.desk_people import ballots_by_region, committees
from streams.services.console.desk_sums import sum_up
from streams.services.console.desk_writing import DeskWriter

AT = "2025-11-07T12:00:00.000Z"
STATUSES = ("rejected", "cured", "voted")

_sums = st.dictionaries(st.sampled_from(["USD", "EUR"]), st.integers(-9, 9), max_size=2)
_total = st.fixed_dictionaries(
    {"net": _sums, "elections": st.dictionaries(st.sampled_from(["p", "g"]), _sums, max_size=2)}
)
_profile = st.fixed_dictionaries(
    {
        "version": st.integers(1, 5),
        "zones": st.fixed_dictionaries({"region": st.sampled_from([None, "US-OH", "US-PA"])}),
        "donations": st.fixed_dictionaries(
            {"by_committee": st.dictionaries(st.sampled_from(["C1", "C2"]), _total, max_size=2)}
        ),
        "ballot": st.dictionaries(
            st.sampled_from(["p", "g"]),
            st.builds(lambda status: {"status": status, "at": AT}, st.sampled_from(STATUSES)),
        ),
    }
)
_said = st.lists(st.tuples(st.sampled_from(["van.1", "van.2", "van.3"]), st.none() | _profile), max_size=12)


@given(_said, st.integers(1, 4))
def test_sums_over_people_are_those_of_the_people_that_there_are(said: Sequence[tuple[str, Any]], size: int) -> None:
    with TemporaryDirectory() as folder:
        desk = Desk.create(Path(folder) / "desk.sqlite")
        writer = DeskWriter(desk, Limits())
        for at in range(0, len(said), size):
            writer.write([_record(*each) for each in said[at : at + size]], ())
        kept = _told(desk)
        sum_up(desk)
        assert kept == _told(desk)
        writer.start_over(CONTACT_STATE)
        assert _told(desk) == ([], {}, {})
        desk.close()


def _record(name: str, profile: Any) -> TopicRecord:
    value = None if profile is None else orjson.dumps(profile)
    return TopicRecord(CONTACT_STATE, 0, 0, name.encode(), value, (), 0)


def _told(desk: Desk) -> tuple[object, ...]:
    of_ballots = (ballots_by_region(desk, election, STATUSES, Everything()) for election in ("p", "g"))
    return committees(desk, Everything()), *of_ballots
