"""Whether a notice is due to somebody, and from when on they may not be reached, where parts are not shown whole."""

from hypothesis import event, example, given
from hypothesis import strategies as st

from events.json_types import JSON
from events.provenance_kinds import ShownKind
from events.times import render_time
from streams.domain.contact import ContactState, profile
from streams.domain.contact.merging import person
from streams.domain.contact.publication.size_limit import bounded, shorter_and_shorter
from streams.domain.pressure.notices import is_notice_due, without_notice
from tests.property.domain.contact.strategies import few, fields
from tests.unit.domain.contact.said import DAY, DONOR, NOON, Arrival, folded, retracted, said

TIMES = few(*(render_time(NOON + day * DAY) for day in range(-2, 12, 3)))
PROVENANCE = fields(
    {"kind": few("vendor", "rented", "self"), "file": few("a", "b")},
    {"obtained_at": TIMES, "notice": few("n"), "notice_at": TIMES, "of_age": few(True, False), "sex": few("f", "m")},
)
TYPES: dict[str, dict[str, JSON]] = {
    "provenance.reported": {},
    "form.submitted": {"form_id": "f"},
    "consent.changed": {"channel": "email", "granted": False},
}
PARTS = (DONOR, "b", "c")
WITHIN = 28 * DAY

Saying = tuple[str, dict[str, JSON], str, str | None]
"""A type, its provenance, the part that has it, and the part that takes it back."""

SAYINGS: st.SearchStrategy[list[Saying]] = st.lists(
    st.tuples(few(*TYPES), PROVENANCE, st.sampled_from(PARTS), st.sampled_from([None, None, None, *PARTS])),
    max_size=8,
)


def fragments(saying: list[Saying], more: dict[str, JSON]) -> dict[str, ContactState]:
    parts: dict[str, list[Arrival]] = {part: [] for part in PARTS}
    for day, (type_, provenance, part, back) in enumerate(saying):
        parts[part].append(said(type_, f"{day}", NOON + day * DAY, **TYPES[type_], provenance={**provenance, **more}))
        if back is not None:
            parts[back].append(retracted(f"{day}", f"r{day}"))
    return {part: folded(*arrivals) for part, arrivals in parts.items()}


def verdict(states: dict[str, ContactState], at: int) -> tuple[bool, set[tuple[ShownKind, str | None]]]:
    known = profile(DONOR, person(states))
    places = {(item["kind"], item.get("file")) for item in without_notice(known, at, WITHIN)}
    return is_notice_due(known, at), places


ROW: dict[str, JSON] = {"kind": "rented", "file": "a"}
TOLD: dict[str, JSON] = {**ROW, "notice": "n"}
AGAIN: dict[str, JSON] = {**ROW, "obtained_at": render_time(NOON - DAY)}


@given(SAYINGS, st.integers(0, 12), st.booleans())
@example(
    [("provenance.reported", each, "b", None) for each in (ROW, TOLD)] + [("consent.changed", AGAIN, "b", None)],
    9,
    False,
)
@example([("provenance.reported", *each, None) for each in ((ROW, "b"), (TOLD, "c"), (ROW, "b"))], 9, False)
@example([("provenance.reported", ROW, "b", "c"), ("provenance.reported", ROW, "b", None)], 9, False)
def test_the_same_notices_are_due_where_parts_are_too_large(saying: list[Saying], after: int, last: bool) -> None:
    """In the last resort one file of each kind is shown: so of that one."""
    states = fragments(saying, {"file": "a"} if last else {})
    at = NOON + 12 * DAY + after * 3 * DAY
    *_, least = shorter_and_shorter(states)

    whole = verdict(states, at)
    short = verdict(dict(least if last else bounded(states, 0)), at)

    event(f"due: {whole[0]}, untold: {bool(whole[1])}")
    assert short == whole
