"""The rows of both files: what the sender wrote, byte for byte, and behind it what was decided."""

import csv
import io
from collections import Counter

from streams.domain.pressure import Decision, Evidence
from streams.services.audience import CsvRecord
from streams.services.audience_filter.chunk_filter import ChunkVerdicts, RowProblem, verdicts_of
from streams.services.permission.decisions import AskedPerson, BatchAnswers, JudgedPerson

ALLOW = Decision("allow", "ok", (), 0, expires_at=1_330_000_000_000)
ASKED = AskedPerson(["email:1"])


def verdicts(*said: tuple[bytes, Decision | RowProblem, str]) -> ChunkVerdicts:
    """`said`: the row, what is decided or why not, and whose it is."""
    records = [CsvRecord(line, raw) for line, (raw, _, _) in enumerate(said, start=2)]
    judged = [JudgedPerson(who, found) for _, found, who in said if isinstance(found, Decision)]
    read = [ASKED if isinstance(found, Decision) else found for _, found, _ in said]
    return verdicts_of(records, read, BatchAnswers("v1", 7, judged), width=2, tells_notices=False)


def parsed(row: bytes) -> list[str]:
    [fields] = csv.reader(io.StringIO(row.decode(errors="surrogateescape"), newline=""), strict=True)
    return fields


def test_an_allowed_row_is_as_it_was_and_says_until_when() -> None:
    found = verdicts((b'a@x.org,"Ren\xe9, ""R"""\r\n', ALLOW, "ada"))
    [one] = found.allowed
    assert one.row == b'a@x.org,"Ren\xe9, ""R""",2012-02-23T12:26:40.000Z,v1\r\n'
    assert (one.place, one.reason) == (0, "ok")
    assert (found.refused, found.as_of, found.reasons) == ([], 7, Counter())


def test_a_refused_row_says_why_by_what_and_when_to_come_again() -> None:
    decision = Decision("defer", "cap", (Evidence("s,1", 'i"2'), Evidence("s", "i")), earliest_at=1_330_000_000_000)
    found = verdicts((b"a@x.org,1\n", decision, "ada"))
    [row] = found.refused
    assert parsed(row) == [
        "a@x.org",
        "1",
        "defer",
        "cap",
        "2012-02-23T12:26:40.000Z",
        '[{"source":"s,1","id":"i\\"2"},{"source":"s","id":"i"}]',
        "2",
    ]
    assert found.reasons == Counter({("defer", "cap"): 1})


def test_what_names_nobody_is_refused_and_its_neighbours_keep_their_answers() -> None:
    found = verdicts(
        (b"a@x.org,1\n", ALLOW, "ada"),
        (b'b@x.org,"open\n', "malformed_row", ""),
        (b",3\n", "no_identifier", ""),
        (b"d@x.org,4\n", ALLOW, "dan"),
    )
    assert [one.row.partition(b",")[0] for one in found.allowed] == [b"a@x.org", b"d@x.org"]
    assert [one.place for one in found.allowed] == [0, 3]
    assert [parsed(row) for row in found.refused] == [
        ['b@x.org,"open', "", "deny", "malformed_row", "", "", "3"],
        ["", "3", "deny", "no_identifier", "", "", "4"],
    ]


def test_a_person_who_is_in_it_twice_is_allowed_once() -> None:
    found = verdicts((b"a@x.org,1\n", ALLOW, "ada"), (b"b@x.org,2\n", ALLOW, "ada"), (b"c@x.org,3\n", ALLOW, "cy"))
    assert [one.place for one in found.allowed] == [0, 2]
    assert found.reasons == Counter({("deny", "repeated_in_audience"): 1})


def test_a_person_who_is_denied_may_be_allowed_by_another_address() -> None:
    bounced = Decision("deny", "hard_bounced")
    found = verdicts((b"a@x.org,1\n", bounced, "ada"), (b"b@x.org,2\n", ALLOW, "ada"))
    assert [one.place for one in found.allowed] == [1]


def test_the_same_person_has_the_same_number_in_every_process() -> None:
    """A hash of Python's own would be another in each."""
    [one] = verdicts((b"a@x.org,1\n", ALLOW, "ada")).allowed
    assert one.person == 0x2705162143DAB015
