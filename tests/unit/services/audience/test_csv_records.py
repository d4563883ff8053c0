"""Where a row ends, however it is broken, and that its neighbours never pay for it."""

from io import BytesIO

import pytest

from streams.services.audience import Audience, UnusableAudience, open_audience, split_line_end
from streams.services.audience.csv_records import LINE_BYTES, MOST_LINES
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
