"""Workbooks, and hashes of rows."""

import io
import os
import signal
import subprocess
import zipfile
from pathlib import Path

import pytest

from events.contact import Contact
from events.identifiers import Hasher
from streams.services.audience import Header, hashes_of, identifiers_of, strongest_of
from streams.services.audience.header import read_header
from streams.services.audience.workbook import COMMAND, UnusableWorkbook, cells_of, is_workbook, write_csv

_TYPES = """<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/xl/workbook.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>"""
_RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = """<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="r1" Type="{type}" Target="{target}"/></Relationships>"""
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_BOOK = f"""<workbook xmlns="{_MAIN}" xmlns:r="{_RELATED}">
<sheets><sheet name="List" sheetId="1" r:id="r1"/></sheets></workbook>"""


def workbook_of(rows: str) -> bytes:
    """A workbook of one sheet with these rows, as XML."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", _TYPES)
        whole = _RELATIONS.format(type=f"{_RELATED}/officeDocument", target="xl/workbook.xml")
        packed.writestr("_rels/.rels", whole)
        packed.writestr("xl/workbook.xml", _BOOK)
        part = _RELATIONS.format(type=f"{_RELATED}/worksheet", target="worksheets/sheet1.xml")
        packed.writestr("xl/_rels/workbook.xml.rels", part)
        sheet = f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'
        packed.writestr("xl/worksheets/sheet1.xml", sheet)
    return written.getvalue()


def text(cell: str, value: str) -> str:
    return f'<c r="{cell}" t="inlineStr"><is><t>{value}</t></is></c>'


def dated(days: str, *, is_span: bool = False) -> bytes:
    """A workbook of one cell with a number that is shown as a date, or as hours that have passed."""
    styles = f'<styleSheet xmlns="{_MAIN}"><cellXfs><xf numFmtId="{46 if is_span else 14}"/></cellXfs></styleSheet>'
    written = io.BytesIO(workbook_of(f'<row r="1"><c r="A1" s="0"><v>{days}</v></c></row>'))
    with zipfile.ZipFile(written, "a") as packed:
        packed.writestr("xl/styles.xml", styles)
    return written.getvalue()


LIST = workbook_of(
    f'<row r="1">{text("A1", "phone")}{text("B1", "note")}</row>'
    f'<row r="2"><c r="A2"><v>15551234567</v></c>{text("B2", "a, &quot;b&quot;")}</row>'
    f'<row r="3">{text("A3", "+15551234568")}</row>'
)
FAR_AWAY = workbook_of(f'<row r="1">{text("A1", "email")}</row><row r="1048576">{text("XFD1048576", "x")}</row>')


def csv_of(workbook: bytes, most_bytes: int = 1 << 20, most_written: int = 1 << 20) -> bytes:
    written = io.BytesIO()
    write_csv(io.BytesIO(workbook), written, most_bytes, most_written)
    return written.getvalue()


def test_the_first_sheet_becomes_csv_with_numbers_as_they_were_typed() -> None:
    assert csv_of(LIST) == b'phone,note\n15551234567,"a, ""b"""\n+15551234568,\n'


def test_a_carriage_return_in_a_cell_of_a_workbook_makes_no_row() -> None:
    sheet = f'<row r="1">{text("A1", "email")}{text("B1", "x&#13;per5@example.org")}</row>'
    assert csv_of(workbook_of(sheet)) == b'email,"x\rper5@example.org"\n'


def test_cells_are_written_as_csv_has_them() -> None:
    assert cells_of([1.0, 1.5, True, "", "x"]) == ["1", "1.5", "true", "", "x"]


@pytest.mark.parametrize(("content", "is_one"), [(LIST, True), (b"email\n", False), (b"", False)])
def test_a_workbook_is_told_from_csv_and_the_position_in_it_stays(
    tmp_path: Path, content: bytes, *, is_one: bool
) -> None:
    (tmp_path / "list").write_bytes(content)
    with (tmp_path / "list").open("rb") as file:
        assert is_workbook(file) == is_one
        assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == 0


@pytest.mark.parametrize("broken", [LIST[: len(LIST) // 2], b"PK\x03\x04", b"email\n"])
def test_what_is_no_workbook_is_refused_with_the_cure(broken: bytes) -> None:
    with pytest.raises(UnusableWorkbook, match="save it anew, or as CSV"):
        csv_of(broken)


def test_a_workbook_without_a_sheet_is_refused_with_the_cure() -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as packed:
        packed.writestr("readme.txt", "x")
    with pytest.raises(UnusableWorkbook, match="no sheet that can be read"):
        csv_of(written.getvalue())


def test_one_that_unpacks_to_too_much_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(UnusableWorkbook, match="of 1,000 at most: save it as CSV"):
        csv_of(LIST, most_bytes=1_000)


@pytest.mark.parametrize("cell", ["XFE1", "A1048577", "ZZZZZZ1", "A4294967295"])
def test_a_cell_beyond_the_last_of_a_sheet_is_refused_before_a_row_is_written(cell: str) -> None:
    """The rows and columns before it would fill the disk."""
    written = io.BytesIO()
    with pytest.raises(UnusableWorkbook, match="beyond XFD1048576"):
        write_csv(io.BytesIO(workbook_of(f'<row r="1">{text(cell, "x")}</row>')), written)
    assert written.getvalue() == b""


def test_the_last_cell_of_a_sheet_alone_is_refused_for_the_empty_cells_before_it() -> None:
    with pytest.raises(UnusableWorkbook, match="longer than 1,048,576 bytes as CSV"):
        csv_of(workbook_of(f'<row r="1048576">{text("XFD1048576", "x")}</row>'))


@pytest.mark.parametrize(("days", "is_span"), [("-1e300", False), ("-9e15", True), ("1e10", True)])
def test_a_date_beyond_every_calendar_is_refused_in_words_and_not_as_a_panic(days: str, *, is_span: bool) -> None:
    with pytest.raises(UnusableWorkbook, match="such as a date beyond the calendar: save it as CSV"):
        csv_of(dated(days, is_span=is_span))


def test_a_date_of_a_workbook_is_written_as_a_day() -> None:
    assert csv_of(dated("41219")) == b"2012-11-06\n"


def test_a_text_that_stands_in_every_cell_is_written_up_to_the_limit() -> None:
    rows = "".join(f'<row r="{row}">{text(f"A{row}", "x" * 1_000)}</row>' for row in range(1, 101))
    written = io.BytesIO()
    with pytest.raises(UnusableWorkbook, match="longer than 5,000 bytes as CSV: take out"):
        write_csv(io.BytesIO(workbook_of(rows)), written, 1 << 20, 5_000)
    assert len(written.getvalue()) < 5_000 + 1_002


def test_a_list_that_is_as_long_as_it_may_be_is_written() -> None:
    whole = csv_of(LIST)
    assert csv_of(LIST, most_written=len(whole)) == whole


def test_the_process_that_reads_a_workbook_is_bounded_in_memory_time_and_files() -> None:
    asked = (
        "import resource, signal; from streams.services.audience import workbook; workbook.bound_this_process(); "
        "print([resource.getrlimit(getattr(resource, f'RLIMIT_{n}'))[1] for n in ('AS', 'FSIZE', 'CPU', 'CORE')], "
        "signal.alarm(0) > 0)"
    )
    said = subprocess.run((COMMAND[0], "-c", asked), capture_output=True, check=True, text=True).stdout
    assert said == f"[{4 << 30}, {513 << 20}, 300, 0] True\n"


def test_a_limit_of_the_machine_that_is_narrower_stays() -> None:
    asked = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)); "
        "from streams.services.audience import workbook; workbook.bound_this_process(); "
        "print(resource.getrlimit(resource.RLIMIT_FSIZE))"
    )
    said = subprocess.run((COMMAND[0], "-B", "-c", asked), capture_output=True, check=True, text=True).stdout
    assert said == "(4096, 4096)\n"


def test_a_process_that_runs_too_long_is_killed() -> None:
    """A workbook that never comes keeps nobody waiting."""
    asked = (
        "from streams.services.audience import workbook; workbook.MOST_S = 1; workbook.bound_this_process(); "
        "import sys; sys.stdin.read()"
    )
    with subprocess.Popen((COMMAND[0], "-c", asked), stdin=subprocess.PIPE) as process:
        assert process.wait(timeout=100) == -signal.SIGALRM


HASHER = Hasher([b"key"])


def header(*names: str) -> Header:
    found = read_header(names)
    assert isinstance(found, Header)
    return found


def test_every_identifier_is_hashed_as_that_of_an_event_strongest_first() -> None:
    columns = header("email", "note", "phone", "external.VAN", "voter_id", "contact_id")
    fields = [" Ada@Example.ORG ", "x", "(212) 555-0123", "17", "ny:9", "ada-1"]
    contact = Contact(
        contact_id="ada-1", voter_id="NY:9", external={"van": "17"}, email="ada@example.org", phone="+12125550123"
    )
    meant = HASHER.identifiers(contact)
    assert hashes_of(columns, fields, HASHER) == [
        "ada-1",
        meant["voter_id"],
        HASHER.external("van", "17"),
        meant["email"],
        meant["phone"],
    ]


def test_blank_or_unreadable_identifiers_are_left_out() -> None:
    columns = header("contact_id", "voter_id", "external.van", "email", "phone")
    assert hashes_of(columns, ["no id!", "9", "  ", "nobody", "555"], HASHER) == []
    assert hashes_of(columns, ["", "", "", "ren\udce9@example.org", ""], HASHER) == []


TWO_NUMBERS = (
    *("0612347471;0698767471", "0612347471 / 0698767471", "0612347471/x5", "0612347471 ext 5", "0612347471 x5"),
    *("0612347471;ext=5", "0612347471;isub=5", "0612347471#5", "0612347471,,5", "0612347471*5", "0612347471~5"),
    *("0612347471 ou 0698767471", "0612347471\\x0698767471", "+33612347471+33698767471", "0612347471 w"),
    *("0612347471|0698767471", "tel:0612347471;phone-context=+33", "1-800-FLOWERS"),
)


@pytest.mark.parametrize("cell", TWO_NUMBERS)
def test_a_phone_cell_with_two_numbers_or_an_extension_names_nobody(cell: str) -> None:
    """The first number alone was judged, and all of the cell was written."""
    for region in ("FR", "US", "DE"):
        names_nobody(cell, Hasher([b"key"], phone_region=region))


@pytest.mark.parametrize(
    "cell",
    [
        *("https://x/?p=+33612347471", "https://x.org/0612347471", "www.x.org/?tel=0612347471", "wa.me/33612347471"),
        *("?a=b&tel=0612347471", "http:／／x/0612347471", "ada@example.org 0612347471"),
    ],
)
def test_a_link_or_an_address_with_a_number_in_it_is_no_phone_number(cell: str) -> None:
    assert hashes_of(header("phone"), [cell], Hasher([b"key"], phone_region="FR")) == []


@pytest.mark.parametrize("cell", ["0301234/0309876", "0301234\n0309876"])
def test_two_short_numbers_are_not_taken_for_a_long_one(cell: str) -> None:
    names_nobody(cell, Hasher([b"key"], phone_region="DE"))


def names_nobody(cell: str, hasher: Hasher) -> None:
    assert hashes_of(header("phone"), [cell], hasher) == []
    assert identifiers_of(header("phone"), [cell], hasher) == [(header("phone").naming[0], [])]
    assert strongest_of(header("phone"), [cell], hasher) is None


@pytest.mark.parametrize(
    ("cell", "region", "number"),
    [
        ("06 12 34 74 71", "FR", "+33612347471"),
        ("06.12.34.74.71", "FR", "+33612347471"),
        ("06/12/34/74/71", "FR", "+33612347471"),
        ("+33 (0)6 12-34-74-71", "FR", "+33612347471"),
        ("'+33 6 12 34 74 71", "FR", "+33612347471"),
        ("Tél. : 06 12 34 74 71", "FR", "+33612347471"),
        ("tel:+33612347471", "FR", "+33612347471"),
        ("Tél. / GSM : 06 12 34 74 71", "FR", "+33612347471"),
        ("\u202a+33\xa06\xa012\u201034 74 71\u202c", "FR", "+33612347471"),
        ("＋３３６１２３４７４７１", "FR", "+33612347471"),
        ("(212) 555-0101", "US", "+12125550101"),
        ("06221/123456", "DE", "+496221123456"),
        ("0151/12345678", "DE", "+4915112345678"),
    ],
)
def test_one_number_in_any_spelling_names_its_owner(cell: str, region: str, number: str) -> None:
    hasher = Hasher([b"key"], phone_region=region)
    assert hashes_of(header("phone"), [cell], hasher) == hasher.lookups("phone", number)


def test_keys_that_are_still_valid_find_people_too() -> None:
    rotated = Hasher([b"new", b"key"])
    assert hashes_of(header("email"), ["ada@example.org"], rotated) == rotated.lookups("email", "ada@example.org")
    assert hashes_of(header("email"), ["ada@example.org"], HASHER)[0] in rotated.lookups("email", "ada@example.org")
