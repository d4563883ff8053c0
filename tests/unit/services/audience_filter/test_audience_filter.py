"""A list is filtered."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from io import BytesIO

import pytest
import typer

from events.identifiers import Hasher
from events.interactions.base import Channel
from streams.cli.permit_check import purpose_of
from streams.domain.pressure import Decision, Evidence
from streams.services.api.models import PermissionsAsked
from streams.services.audience import Audience, CsvRecord, Header, open_audience
from streams.services.audience.header import read_header
from streams.services.audience_filter.chunk_filter import (
    AllowedRow,
    ChunkVerdicts,
    QuestionReader,
    RowProblem,
    UndecidedChunk,
    verdicts_of,
)
from streams.services.audience_filter.filtering import (
    ChunkOutcome,
    FilterSummary,
    OutputFiles,
    denied_chunks,
    too_long_message,
    write_outcomes,
)
from streams.services.permission.decisions import AskedPerson, BatchAnswers, JudgedPerson


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


CONTACTS = [{"contact_id": "c1"}]


@pytest.mark.parametrize(
    ("said", "meant"), [("mobilisation", "mobilisation"), ("mobilization", "mobilisation"), ("fundraising",) * 2]
)
def test_a_purpose_is_taken_in_either_spelling(said: str, meant: str) -> None:
    asked = PermissionsAsked.model_validate({"channel": "email", "purpose": said, "contacts": CONTACTS})
    assert asked.purpose == purpose_of(said) == meant


def test_what_is_no_purpose_is_refused_with_those_there_are() -> None:
    with pytest.raises(typer.BadParameter, match="'fundraising', 'mobilisation', 'informational', 'transactional'"):
        purpose_of("spam")


HASHER = Hasher([b"key"])
EMAIL, PHONE = str(HASHER.email("ada@example.org")), str(HASHER.phone("+12125550101"))
VAN = HASHER.external("van", "17")


def read(names: str, row: str, channel: Channel = "email", *, broken: bool = False) -> AskedPerson | RowProblem:
    header = read_header(names.split(","))
    assert isinstance(header, Header)
    return QuestionReader(header, channel, HASHER).read(CsvRecord(2, row.encode(), broken))


@pytest.mark.parametrize(
    ("channel", "names", "refs"),
    [
        ("email", [EMAIL, VAN, PHONE], [EMAIL[6:22]]),
        ("text", [PHONE, VAN, EMAIL], [PHONE[6:22]]),
        ("phone", [PHONE, VAN, EMAIL], [PHONE[6:22]]),
        ("door", [VAN, EMAIL, PHONE], []),
        ("letter", [VAN, EMAIL, PHONE], []),
    ],
)
def test_the_address_of_the_channel_comes_first_and_is_the_one_meant(
    channel: Channel, names: list[str], refs: list[str]
) -> None:
    asked = read("phone,external.van,email", "(212) 555-0101,17,Ada@Example.org\n", channel)
    assert isinstance(asked, AskedPerson)
    assert (asked.names, list(asked.refs)) == (names, refs)


def test_without_an_address_the_person_is_asked_about() -> None:
    assert read("email,external.van", ",17\n") == AskedPerson([VAN])
    assert read("external.van", "17\n") == AskedPerson([VAN])


def test_an_address_that_cannot_be_read_is_not_sent_to_whoever_it_may_be() -> None:
    assert read("email,external.van", "ada(at)example.org,17\n") == "no_identifier"
    assert read("email,external.van", "ada(at)example.org,17\n", "door") == AskedPerson([VAN])


@pytest.mark.parametrize("channel", ["text", "phone"])
def test_a_number_behind_the_one_that_is_judged_is_not_reached_whoever_it_may_be(channel: Channel) -> None:
    assert read("phone,external.van", "2125550101;2125550102,17\n", channel) == "no_identifier"
    assert read("phone,external.van", "212-555-0101 ext. 5,17\n", channel) == "no_identifier"


@pytest.mark.parametrize("row", ["", " ,", "nobody,"])
def test_a_row_that_names_nobody_says_so(row: str) -> None:
    assert read("email,external.van", f"{row}{',' if ',' not in row else ''}\n") == "no_identifier"


def test_a_malformed_row_is_denied_as_malformed() -> None:
    assert read("email,note", "a@example.org\n") == "malformed_row"
    assert read("email,note", "a@example.org,1\n", broken=True) == "malformed_row"
    assert read("email,note", "a@example.org,1\rper5@example.org\n") == "malformed_row"


def test_under_several_keys_each_of_its_hashes_means_the_address() -> None:
    header = read_header(["email"])
    assert isinstance(header, Header)
    rotated = Hasher([b"new", b"key"])
    asked = QuestionReader(header, "email", rotated).read(CsvRecord(2, b"ada@example.org\n"))
    hashes = rotated.lookups("email", "ada@example.org")
    assert asked == AskedPerson(hashes, [hashed[6:22] for hashed in hashes])
