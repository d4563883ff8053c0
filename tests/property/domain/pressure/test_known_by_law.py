"""Whether somebody is known from elsewhere than refused kinds of source, where a part of them is not shown whole."""

from hypothesis import event, example, given
from hypothesis import strategies as st

from events.json_types import JSON
from streams.domain.contact import ContactState, profile
from streams.domain.contact.merging import person
from streams.domain.contact.publication.size_limit import reduced
from streams.domain.pressure.known_by import is_known_otherwise
from tests.property.domain.contact.strategies import few, fields
from tests.unit.domain.contact.said import DONOR, NOON, Arrival, folded, retracted, said

KINDS = ("petition", "rented", "self")
PROVENANCE = st.none() | fields({"kind": few(*KINDS)}, {"file": few("a", "b"), "notice": few("n")})
TYPES: dict[str, dict[str, JSON]] = {
    "form.submitted": {"form_id": "f"},
    "consent.changed": {"channel": "email", "granted": False},
    "canvass.reported": {"method": "door", "outcome": "refused"},
}
SOURCES = st.lists(few("petition", "rented"), unique=True)

Said = tuple[str, JSON, bool]
"""A type, its provenance, and whether it is taken back."""


def part_of(saying: list[Said]) -> ContactState:
    arrivals: list[Arrival] = []
    for number, (type_, provenance, is_gone) in enumerate(saying):
        source = {} if provenance is None else {"provenance": provenance}
        arrivals.append(said(type_, f"{number}", NOON + number, **TYPES[type_], **source))
        arrivals += [retracted(f"{number}", f"r{number}")] if is_gone else []
    return folded(*arrivals)


SAYINGS = st.lists(st.tuples(few(*TYPES), PROVENANCE, st.integers(0, 5).map(lambda one: one == 0)), max_size=6)


@given(SAYINGS, st.booleans(), SOURCES)
@example(
    [("form.submitted", {"kind": "self"}, False), ("consent.changed", {"kind": "petition"}, False)], False, KINDS[:1]
)
@example([("form.submitted", None, False), ("consent.changed", {"kind": "petition"}, False)], True, KINDS[:1])
@example([("consent.changed", {"kind": "petition"}, False)] * 2, False, KINDS[:1])
@example([("consent.changed", {"kind": "petition", "file": file}, False) for file in "ab"], True, KINDS[:1])
def test_a_part_that_is_too_large_makes_nobody_known_or_unknown(
    saying: list[Said], unnamed: bool, sources: list[str]
) -> None:
    own = folded(said("consent.changed", "own", channel="door", granted=False, provenance={"kind": "petition"}))
    part = part_of(saying)

    whole = is_known_otherwise(profile(DONOR, person({DONOR: own, "b": part})), sources)
    short = is_known_otherwise(profile(DONOR, person({DONOR: own, "b": reduced(part, unnamed=unnamed)})), sources)

    event(f"known: {whole}")
    assert short == whole
