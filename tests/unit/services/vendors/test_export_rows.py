"""Contacts of an exported CSV, however its bytes come."""

import csv
import gzip
import io
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.services.vendors.export_rows import export_rows
from streams.services.vendors.vendor_http import VendorTrouble

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=8)
ROWS = st.lists(st.tuples(st.from_regex(r"[a-z0-9-]{1,8}", fullmatch=True), TEXT, TEXT), max_size=8)


async def told(content: bytes, size: int = 7, at_once: int = 3) -> list[tuple[str, str]]:
    async def chunks() -> AsyncIterator[bytes]:
        for at in range(0, len(content), size):
            yield content[at : at + size]

    return [row async for rows in export_rows(chunks(), at_once) for row in rows]


def written(rows: list[tuple[str, str, str]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(["EMAIL", "ADDRESS_LINE_1", "CONTACT_ID"])
    writer.writerows([address, line, id_] for id_, address, line in rows)
    return out.getvalue().encode()


@given(ROWS, st.integers(1, 50), st.booleans())
async def test_each_contact_is_told_with_its_id_and_address(
    rows: list[tuple[str, str, str]], size: int, packed: bool
) -> None:
    content = written(rows)
    found = await told(gzip.compress(content) if packed else content, size)
    assert found == [(id_, address.strip()) for id_, address, _ in rows]


async def test_names_of_columns_may_be_small_and_begin_with_a_mark_and_a_last_line_has_no_end() -> None:
    assert await told("\ufeffcontact_id,email\n1,ada@example.org".encode()) == [("1", "ada@example.org")]


@given(st.integers(1, 50))
async def test_a_file_that_was_packed_in_parts_is_read_to_its_end(size: int) -> None:
    parts = [b"email,contact_id\n", b"a@example.org,1\nb@exam", b"ple.org,2\n"]
    content = b"".join(map(gzip.compress, parts))
    assert await told(content, size) == [("1", "a@example.org"), ("2", "b@example.org")]


async def test_a_field_may_be_long() -> None:
    content = b"email,note,contact_id\na@example.org," + b"x" * 200_000 + b",1\n"
    assert await told(content, 1 << 16) == [("1", "a@example.org")]


PACKED = gzip.compress(b"email,contact_id\na@example.org,1\n" * 99, mtime=0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name,place\na,b\n", "the file has no columns contact_id and email"),
        (PACKED[:-9], "the file ends too early; run it again"),
        (b"\x1f\x8b\x00\x00" + b"x" * 99, "the file cannot be unpacked"),
        (b"email,contact_id\na@example.org,1\rb@example.org,2\n", "a record of the file cannot be read"),
        (gzip.compress(b"email,contact_id\n", mtime=0) + b"\x1f\x8b\x08\x00", "the file ends too early; run it again"),
        (b'email,contact_id\n"' + b"x" * (5 << 20), "a record of the file does not end"),
    ],
)
async def test_a_file_that_is_none_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(VendorTrouble, match=message):
        await told(content, 1 << 20)
