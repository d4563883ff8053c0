"""CSV files that people write."""

import re
from io import BytesIO
from pathlib import Path

import pytest

from streams.services.audience import (
    Audience,
    CsvRecord,
    Header,
    UnusableAudience,
    open_audience,
    open_ids,
    split_line_end,
)
from streams.services.audience.csv_records import LINE_BYTES, MOST_LINES
from streams.services.audience.csv_writing import csv_row
from streams.services.audience.header import read_header
from streams.services.audience.reader import mark_of_list


def opened(text: bytes) -> Audience:
    audience = open_audience(BytesIO(text))
    assert isinstance(audience, Audience), audience
    return audience


def rows(text: bytes) -> list[list[str] | None]:
    audience = opened(text)
    width = audience.header.width
    return [record.fields(width) for record in audience.records()]


def test_rows_are_cut_at_semicolons_where_the_header_is_and_what_is_appended_is_parted_so_too() -> None:
    given = b'email;amount;note\na@x.org;"12,50";"one; ""two"""\nb@x.org;1,5;"Main Street\nSpringfield"\n"c\n'
    audience = opened(given)
    records = [*audience.records()]
    assert rows(given) == [["a@x.org", "12,50", 'one; "two"'], ["b@x.org", "1,5", "Main Street\nSpringfield"], None]
    assert audience.header_with(["u", "v"]) == b"email;amount;note;u;v\n"
    assert records[0].with_columns(["u", ""]) == b'a@x.org;"12,50";"one; ""two""";u;\n'
    assert records[2].malformed_with_columns(3, ["u"]) == b'"""c";;;u\n'


@pytest.mark.parametrize("header", [b"email,note;more\n", b'email,"a;b;c"\n', b"email\n"])
def test_a_semicolon_in_a_name_parts_nothing_where_commas_part_more_or_as_much(header: bytes) -> None:
    assert opened(header).mark == ","


@pytest.mark.parametrize(
    ("header", "mark"),
    [
        (b'email,"Which issues? (housing; transport; schools)"\n', ","),
        (b'email,"Which? (visit; phone; letter)"\n', ","),
        (b"email,Which issues? (housing; transport; schools)\n", ","),
        (b"note,Which issues? (housing; transport; schools),Courriel\n", ","),
        (b'email;"Quels sujets (logement, transport, train)"\n', ";"),
        (b"email;Quels sujets (logement, transport, train)\n", ";"),
        ("\ufefftéléphone;Oui, non, peut-être\n".encode(), ";"),
        ("Téléphone;Oui, non, peut-être\n".encode("cp1252"), ";"),
    ],
)
def test_what_parts_fields_is_not_told_by_what_stands_in_a_question(header: bytes, mark: str) -> None:
    """Nor once columns are appended: the console reads such a file anew."""
    audience = opened(header)
    assert audience.mark == mark
    assert mark_of_list(audience.header_with(["harmonia_decision", "harmonia_reason"])) == mark


def test_a_system_has_no_mark_in_its_name() -> None:
    """Else the first row would be parted by the wrong one, and nobody in the list found."""
    assert opened("external.van;Nom, prénom\n123;Dupont, Jean\n".encode()).mark == ";"


def test_a_byte_order_mark_before_a_quote_is_no_part_of_the_name() -> None:
    audience = opened(b'\xef\xbb\xbf"contact_id";"email, or none"\n1;a@x.org\n')
    assert audience.header.names == ("contact_id", "email, or none")
    assert audience.raw_header.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("name", ["Téléphone", "TÉLÉPHONE"])
def test_the_name_of_a_column_may_be_as_windows_writes_it(name: str) -> None:
    audience = opened(f"{name};Ort\n0612345678;Zürich\n".encode("cp1252"))
    assert audience.header.names == (name, "Ort")
    assert [column.field for column in audience.header.naming] == ["phone"]
    [record] = audience.records()
    assert record.raw == "0612345678;Zürich\n".encode("cp1252")


def test_a_last_line_without_an_end_is_a_row() -> None:
    audience = opened(b"email\na@x.org")
    [record] = audience.records()
    assert split_line_end(record.raw) == (b"a@x.org", b"\n")


def test_empty_lines_are_no_rows_and_count_as_lines() -> None:
    audience = opened(b"\n\r\nemail,note\n\n  \na@x.org,1\n\n")
    assert [record.line for record in audience.records()] == [6]


def test_quotes_hold_commas_quotes_and_line_ends() -> None:
    given = b'email,note\na@x.org,"one, ""two"""\nb@x.org,"Main Street\r\nSpringfield"\nc@x.org,3\n'
    assert rows(given) == [["a@x.org", 'one, "two"'], ["b@x.org", "Main Street\r\nSpringfield"], ["c@x.org", "3"]]
    assert [record.line for record in opened(given).records()] == [2, 3, 5]


def test_two_stray_quotes_do_not_take_those_between_them() -> None:
    """Read as one field they would make a row of the right width."""
    found = rows(b'email,note\na@x.org,"open\nb@x.org,2\nc@x.org,inch"\nd@x.org,4\n')
    assert found == [None, ["b@x.org", "2"], None, ["d@x.org", "4"]]


def test_a_note_may_have_some_lines_and_not_any_number() -> None:
    note = b"\n".join([b"line"] * (MOST_LINES - 2))
    assert rows(b'email,note\na@x.org,"' + note + b'\n"\nb@x.org,2\n')[-1] == ["b@x.org", "2"]
    longer = rows(b'email,note\na@x.org,"' + note + b'\n\n\n"\nb@x.org,2\n')
    assert longer[0] is None
    assert longer[-1] == ["b@x.org", "2"]


@pytest.mark.parametrize("row", [b"a@x.org", b"a@x.org,1,2", b'a@x.org,"1" 2'])
def test_a_row_of_another_width_or_with_text_about_its_quotes_is_malformed(row: bytes) -> None:
    assert rows(b"email,note\n" + row + b"\nb@x.org,2\n") == [None, ["b@x.org", "2"]]


@pytest.mark.parametrize("row", [b"a@x.org,1\rper5@x.org", b'a@x.org,"1"\rper5@x.org', b"a@x.org\r,1", b"\ra@x.org,1"])
def test_a_carriage_return_outside_quotes_makes_a_row_malformed(row: bytes) -> None:
    """Some readers begin a row there, of which nobody was judged."""
    assert rows(b"email,note\n" + row + b"\nb@x.org,2\n") == [None, ["b@x.org", "2"]]
    assert rows(b'email,note\na@x.org,"1\r2"\r\n') == [["a@x.org", "1\r2"]]


@pytest.mark.parametrize("raw", [b"a,b\r", b"a,b\r\r\n", b"a,b"])
def test_what_is_appended_to_a_row_leaves_no_carriage_return_alone(raw: bytes) -> None:
    body, end = split_line_end(raw)
    assert (body, end) == (b"a,b", b"\r\n" if raw.endswith(b"\n") else b"\n")


def test_a_line_too_long_is_malformed_and_the_next_is_not() -> None:
    audience = opened(b"email,note\na@x.org," + b"x" * (2 * LINE_BYTES) + b"\nb@x.org,2\n")
    found = [(record.line, record.broken, len(record.raw)) for record in audience.records()]
    assert found == [(2, True, LINE_BYTES), (3, False, len(b"b@x.org,2\n"))]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "the audience is empty"),
        (b"\n\n", "the audience is empty"),
        ("email,note\n".encode("utf-16"), "the audience is UTF-16 text"),
        (b'"email,note\n', "the header is malformed"),
        (b'"\nemail",note\na@x.org,1\n', "the header is malformed: a name in it has a line break, or"),
        (b'"e\rmail\naddress",note\na@x.org,1\n', "the header is malformed: a name in it has a line break, or"),
        (b"name,note\n", "no column of the header names a person"),
        (b"email,note\ra@x.org,1\r", "lines end in a carriage return alone"),
        (b"email,note\rper5@x.org\na@x.org,1\n", "lines end in a carriage return alone"),
    ],
)
def test_a_file_that_is_no_audience_is_refused_with_the_cure(text: bytes, said: str) -> None:
    refused = open_audience(BytesIO(text))
    assert isinstance(refused, UnusableAudience)
    assert refused.reason.startswith(said)


ROOT = Path(__file__).parents[4]
_writes_csv = re.compile(r"\bcsv\.(writer|DictWriter)\b|from csv import").search


def harmless(row: bytes, width: int, mark: str = ",") -> bytes:
    return CsvRecord(2, row, mark=mark).harmless(width)


def test_a_row_of_one_empty_cell_is_not_an_empty_line() -> None:
    assert csv_row([""]) == b'""\n'


def test_bytes_that_are_no_utf8_are_written_as_they_were() -> None:
    assert csv_row(["Ren\udce9", "x"]) == b"Ren\xe9,x\n"


def test_a_denied_address_in_the_second_line_of_a_note_stays_in_the_note() -> None:
    assert harmless(b'a@example.org,"-\nper5@example.org"\n', 2) == b'a@example.org,"\'-\nper5@example.org"\n'


@pytest.mark.parametrize(
    ("row", "made"),
    [
        (b"=1+1,a@example.org\n", b"'=1+1,a@example.org\n"),
        (b"a,@SUM(A1)\r\n", b"a,'@SUM(A1)\r\n"),
        (b'"=HYPERLINK(""http://x"",""y"")",b\n', b'"\'=HYPERLINK(""http://x"",""y"")",b\n'),
        (b"  =1,b\n", b"'  =1,b\n"),
        (b"\t=1,b\n", b"'\t'=1,b\n"),
        (b'"""\t=1",b\n', b'"\'""\t\'=1",b\n'),
        (b"-2+3,b\n", b"'-2+3,b\n"),
        ("＝1,b\n".encode(), "'＝1,b\n".encode()),
        (b'a,"x\n=1+1"\n', b'a,"x\n\'=1+1"\n'),
        (b'a,"x\r@SUM(A1)\r\n-1"\n', b'a,"x\r\'@SUM(A1)\r\n-1"\n'),
        (b'a,"\n=1+1"\n', b"a,\"'\n'=1+1\"\n"),
        ("a,x\u2028=1+1\n".encode(), 'a,"x\u2028\'=1+1"\n'.encode()),
    ],
)
def test_a_formula_in_any_line_of_a_cell_becomes_text(row: bytes, made: bytes) -> None:
    assert harmless(row, 2) == made


@pytest.mark.parametrize(
    ("row", "mark", "made"),
    [
        (b'a@x.org,Ada;=HYPERLINK("x")\n', ",", b'a@x.org,"Ada;\'=HYPERLINK(""x"")"\n'),
        (b'a@x.org,"Ada;""=1+1"\n', ",", b'a@x.org,"Ada;""\'=1+1"\n'),
        (b"a@x.org,Ada;-2+3\n", ",", b"a@x.org,Ada;'-2+3\n"),
        (b"a@x.org,Ada;\t=1\n", ",", b"a@x.org,Ada;'\t'=1\n"),
        (b'a@x.org,"Ada;-2,5+3"\n', ",", b'a@x.org,"Ada;\'-2,5+3"\n'),
        (b"a@x.org;Ada, =1+1\n", ";", b"a@x.org;Ada, '=1+1\n"),
        (b"-12,5;0612, +33613\n", ";", b"-12,5;0612, +33613\n"),
        (b"a;=1+1\n", ";", b"a;'=1+1\n"),
        (b"a@x.org,Ada\t=1+1\n", ",", b"a@x.org,Ada\t'=1+1\n"),
        (b"a@x.org,Ada\t-5\n", ",", b"a@x.org,Ada\t-5\n"),
    ],
)
def test_a_part_of_a_cell_is_harmless_where_another_mark_parts_columns(row: bytes, mark: str, made: bytes) -> None:
    assert harmless(row, 2, mark) == made


@pytest.mark.parametrize("row", [b"+15551234567,a\n", b"-3.5,a\n", b"van.17,a@example.org\n", b'"a, b",c\n'])
def test_a_row_without_a_formula_stays_as_it_was_written(row: bytes) -> None:
    assert harmless(row, 2) == row


def test_a_row_that_cannot_be_read_is_one_harmless_cell() -> None:
    assert harmless(b'"=1,never closed\n', 2) == b'"\'""=1,never closed",\n'
    assert CsvRecord(2, b"=1\rper5@x.org,1,2\n").malformed_with_columns(2, ["deny"]) == (
        b'"\'=1\rper5@x.org,1,2",,deny\n'
    )


def test_every_row_of_csv_is_written_by_the_one_writer() -> None:
    """The csv module leaves a bare carriage return without quotes."""
    sources = [path for room in ("events", "sinks", "streams") for path in (ROOT / room).rglob("*.py")]
    assert len(sources) > 500
    assert [str(path.relative_to(ROOT)) for path in sources if _writes_csv(path.read_text())] == []


def naming(*names: str) -> list[tuple[str, str]]:
    header = read_header(names)
    assert isinstance(header, Header), header
    return [(column.field, column.system) for column in header.naming]


def reason(*names: str) -> str:
    header = read_header(names)
    assert isinstance(header, UnusableAudience)
    return header.reason


def test_the_strongest_identifier_comes_first_wherever_its_column_is() -> None:
    assert naming("email", "first name", "contact_id", "external.van", "phone", "external.actblue", "voter_id") == [
        ("contact_id", ""),
        ("voter_id", ""),
        ("external", "actblue"),
        ("external", "van"),
        ("email", ""),
        ("phone", ""),
    ]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("\ufeffemail", ("email", "")),
        (" E-Mail ", ("email", "")),
        ("Email Address", ("email", "")),
        ("Mobile Number", ("phone", "")),
        ("Mobile", ("phone", "")),
        ("Courriel", ("email", "")),
        ("Téléphone", ("phone", "")),
        ("TE\u0301LE\u0301PHONE", ("phone", "")),
        ("Telephone", ("phone", "")),
        ("Voter_ID", ("voter_id", "")),
        ("VANID", ("external", "van")),
        ("External.NationBuilder", ("external", "nationbuilder")),
    ],
)
def test_names_are_read_as_people_write_them(written: str, meant: tuple[str, str]) -> None:
    assert naming(written) == [meant]


def test_a_header_without_names_is_refused_and_may_be_a_person_so_is_not_repeated() -> None:
    said = reason("ada@example.org", "Ada")
    assert said.startswith("no column of the header names a person")
    assert "ada" not in said.lower()


@pytest.mark.parametrize("names", [("email;phone",), ("email\tphone",)])
def test_another_separator_is_named(names: tuple[str, ...]) -> None:
    assert reason(*names) == "the header is one column: separate columns by commas"


def test_two_columns_for_one_identifier_are_refused_by_name() -> None:
    assert reason("phone", "Mobile Number") == (
        "the header names phone twice, 'Mobile Number' and 'phone': rename the one that is not meant"
    )


@pytest.mark.parametrize("name", ["external.", "external. ", "external.a:b", "mailing", "phone2", "line", ""])
def test_what_is_almost_a_name_names_nobody(name: str) -> None:
    assert reason(name, "other").startswith("no column of the header names a person")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("emial", "email"),
        ("E-Mial", "email"),
        ("emal", "email"),
        ("emails", "email"),
        ("gmail", "email"),
        ("fone", None),
        ("phnoe", "phone"),
        ("Contact-IDs", "contact_id"),
        ("voterd", "voter_id"),
        ("VAND", "vanid"),
        ("extrenal.van", "external.van"),
        ("eternal.actblue", "external.actblue"),
    ],
)
def test_a_column_that_is_misspelled_by_a_letter_is_refused_by_name(written: str, meant: str | None) -> None:
    """Else whoever is written to at that address would be judged as somebody else, or by another address."""
    header = read_header([written, "contact_id", "note"])
    if meant is None:
        assert isinstance(header, Header)
        return
    assert reason(written, "voter_id", "note") == (
        f"the column {written!r} is nearly {meant!r} and would not be read: "
        "correct its name, or give it another one if it names nobody"
    )


@pytest.mark.parametrize("name", ["mobil", "mobiles", "courriels", "couriel", "téléphon", "telephones"])
def test_what_is_nearly_a_name_that_was_not_always_known_names_nobody_as_ever(name: str) -> None:
    """A list with such a column beside the one that counts goes out each night, and went out before."""
    header = read_header([name, "email"])
    assert isinstance(header, Header)
    assert header.unread == [name]


def test_columns_that_name_nobody_are_known_by_name() -> None:
    header = read_header(["\ufeffFirst Name", "email", "Note", "phone"])
    assert isinstance(header, Header)
    assert header.unread == ["First Name", "Note"]


def ids(text: str) -> tuple[bytes, list[tuple[int, bytes]]]:
    opened = open_ids(BytesIO(text.encode()))
    assert isinstance(opened, Audience), opened
    return opened.raw_header, [(record.line, record.raw) for record in opened.records()]


def refusal(text: str) -> str:
    opened = open_ids(BytesIO(text.encode()))
    assert isinstance(opened, UnusableAudience)
    return opened.reason


def test_ids_without_a_header_are_given_one() -> None:
    assert ids("c-1\r\nc-2\n\nc-3") == (b"contact_id\n", [(1, b"c-1\r\n"), (2, b"c-2\n"), (4, b"c-3")])
    assert ids("\n\ufeffemail:0123456789abcdef0123456789abcdef\n") == (
        b"contact_id\n",
        [(2, b"email:0123456789abcdef0123456789abcdef\n")],
    )


def test_a_list_with_a_header_is_opened_by_it() -> None:
    assert ids("contact_id\nc-1\n") == (b"contact_id\n", [(2, b"c-1\n")])
    assert ids("note,email\nc-1,a@example.org\n")[0] == b"note,email\n"


@pytest.mark.parametrize(
    "first", ["ada", "voter", "phone2", "Email1", "c 1", "ada@example.org", "c-1,c-2", "+12125550123"]
)
def test_what_may_be_a_header_or_an_address_is_no_id(first: str) -> None:
    assert "no column of the header names a person" in refusal(f"{first}\nc-2\n")


def test_phone_numbers_are_not_taken_for_ids() -> None:
    assert refusal("2125550123\n2125550124\n").startswith("the first line may be a phone number: name the column")


def test_a_misspelled_column_above_ids_is_refused() -> None:
    assert "nearly 'email'" in refusal("emial\nada@example.org\n")


def test_an_audience_needs_its_header() -> None:
    assert isinstance(open_audience(BytesIO(b"c-1\n")), UnusableAudience)
