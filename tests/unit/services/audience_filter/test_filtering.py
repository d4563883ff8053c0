"""A run writes what was judged, once for each person, and stops when it cannot be sure."""

from collections import Counter
from collections.abc import Sequence
from io import BytesIO

from streams.services.audience import Audience, CsvRecord, open_audience
from streams.services.audience_filter.chunk_filter import AllowedRow, ChunkVerdicts, UndecidedChunk
from streams.services.audience_filter.filtering import (
    ChunkOutcome,
    FilterSummary,
    OutputFiles,
    denied_chunks,
    too_long_message,
    write_outcomes,
)


def run(
    *outcomes: ChunkOutcome, with_denied: bool = True, most_bytes: int | None = None
) -> tuple[FilterSummary, bytes, bytes, list[tuple[int, int]]]:
    audience = open_audience(BytesIO(b"\xef\xbb\xbfemail,note\r\n"))
    assert isinstance(audience, Audience)
    allowed, denied = BytesIO(), BytesIO()
    told: list[tuple[int, int]] = []
    files = OutputFiles(audience, allowed, denied if with_denied else None, most_bytes=most_bytes)
    summary = write_outcomes(outcomes, files, lambda rows, size: told.append((rows, size)))
    return summary, allowed.getvalue(), denied.getvalue(), told


def chunk(as_of: int, people: Sequence[int], refused: Sequence[bytes] = ()) -> ChunkOutcome:
    records = [CsvRecord(place + 2, b"r%d,\n" % place) for place in range(len(people) + len(refused))]
    allowed = [AllowedRow(place, person, "ok", b"p%d\n" % person) for place, person in enumerate(people)]
    return records, ChunkVerdicts(as_of, allowed, list(refused), Counter({("deny", "hard_bounced"): len(refused)}))


HEADER = b"\xef\xbb\xbfemail,note,harmonia_expires_at,harmonia_policy_version\r\n"


def test_rows_are_written_in_their_order_and_counted() -> None:
    summary, allowed, denied, told = run(chunk(30, [1, 2], [b"no\n"]), chunk(20, [3]))
    assert allowed == HEADER + b"p1\np2\np3\n"
    assert denied.splitlines()[1:] == [b"no"]
    assert denied.startswith(b"\xef\xbb\xbfemail,note,harmonia_decision,harmonia_reason,")
    assert (summary.rows, summary.as_of, summary.stopped) == (4, 20, None)
    assert (summary.count("allow"), summary.count("deny"), summary.count("defer")) == (3, 1, 0)
    assert told == [(3, 12), (1, 4)]


def test_a_person_of_an_earlier_chunk_is_not_allowed_again() -> None:
    summary, allowed, denied, _ = run(chunk(1, [1]), chunk(1, [2, 1, 2]))
    assert allowed == HEADER + b"p1\np2\n"
    assert [line.split(b",")[2:4] for line in denied.splitlines()[1:]] == [[b"deny", b"repeated_in_audience"]] * 2
    assert summary.reasons == Counter({("allow", "ok"): 2, ("deny", "repeated_in_audience"): 2})


def test_people_who_are_denied_before_anything_is_asked_are_written_and_counted_with_the_others() -> None:
    before = [CsvRecord(line, b"v%d,x\n" % line) for line in (2, 3)]
    summary, allowed, denied, _ = run(*denied_chunks(before, "known_by_roll_alone", 5), chunk(9, [1], [b"no\n"]))
    assert allowed == HEADER + b"p1\n"
    rows = denied.splitlines()[1:]
    assert rows == [b"v2,x,deny,known_by_roll_alone,,,2", b"v3,x,deny,known_by_roll_alone,,,3", b"no"]
    assert (summary.rows, summary.as_of, summary.reasons["deny", "known_by_roll_alone"]) == (4, 5, 2)


def test_nothing_is_written_after_a_chunk_that_could_not_be_decided() -> None:
    summary, allowed, _, told = run(chunk(1, [1]), ([], UndecidedChunk("profiles_incomplete")), chunk(1, [2]))
    assert allowed == HEADER + b"p1\n"
    assert (summary.stopped, summary.rows, len(told)) == ("profiles_incomplete", 1, 1)


def test_what_is_written_never_gets_longer_than_it_may_and_the_refusal_names_the_cure() -> None:
    """Short rows become many times as long with what is said of each, in all files together."""
    outcomes = [chunk(1, [1], [b"no\n"]), chunk(1, [2], [b"not\n"]), chunk(1, [3])]
    whole, _, _, _ = run(*outcomes)
    headers = sum(map(len, run()[1:3]))
    assert (whole.stopped, whole.is_too_long) == (None, False)
    assert run(*outcomes, most_bytes=headers + 16)[0] == whole
    summary, allowed, denied, told = run(*outcomes, most_bytes=headers + 12)
    assert (allowed.splitlines()[1:], denied.splitlines()[1:]) == ([b"p1"], [b"no"])
    assert (summary.rows, summary.is_too_long, len(told)) == (2, True, 1)
    assert summary.stopped == too_long_message(headers + 12)
    assert "take out columns that nobody needs, or judge it in parts" in too_long_message(1 << 30)


def test_the_deferred_have_a_file_of_their_own_where_one_is_given() -> None:
    audience = open_audience(BytesIO(b"email\n"))
    assert isinstance(audience, Audience)
    allowed, denied, deferred = BytesIO(), BytesIO(), BytesIO()
    verdicts = ChunkVerdicts(1)
    for row, decision in ((b"later\n", "defer"), (b"no\n", "deny"), (b"later too\n", "defer")):
        verdicts.refuse(row, decision, "hours")
    records = [CsvRecord(place, b"r\n") for place in range(3)]

    together = write_outcomes([(records, verdicts)], OutputFiles(audience, BytesIO(), allowed), lambda *_: None)
    apart = write_outcomes([(records, verdicts)], OutputFiles(audience, BytesIO(), denied, deferred), lambda *_: None)

    assert allowed.getvalue().splitlines()[1:] == [b"later", b"no", b"later too"]
    assert denied.getvalue().splitlines()[1:] == [b"no"]
    assert deferred.getvalue().splitlines()[1:] == [b"later", b"later too"]
    assert deferred.getvalue().startswith(b"email,harmonia_decision,harmonia_reason,")
    assert together == apart
