"""Suppressions."""

from collections.abc import Iterator, Sequence
from io import BytesIO

import orjson
import pytest

from events.identifiers import Hasher
from events.interactions.base import Channel
from events.outputs import Suppressions
from streams.services.audience import Audience, UnusableAudience, open_audience
from streams.services.suppressions import Format
from streams.services.suppressions import closings as shelves
from streams.services.suppressions.closings import Closing, ClosingStore, ContactLink, closing_of
from streams.services.suppressions.export import (
    ClosingFilter,
    ExportCounts,
    FileLayout,
    ListMatching,
    Row,
    export_notices,
    export_warnings,
    layout_of,
    rows_of_all,
)

UNSUBSCRIBED, STOPPED = Closing("unsubscribed", 10), Closing("suppressed", 20, until=100)


@pytest.fixture(params=[1, 1_000])
def shelf(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClosingStore]:
    monkeypatch.setattr(shelves, "_AT_ONCE", request.param)
    shelf = ClosingStore()
    yield shelf
    shelf.close()


def put(shelf: ClosingStore, *said: tuple[str, Closing | None]) -> None:
    for contact_id, closing in said:
        shelf.closings.put(contact_id, closing)
    shelf.closings.flush()


def test_the_newest_closing_of_a_contact_counts(shelf: ClosingStore) -> None:
    put(shelf, ("b", UNSUBSCRIBED), ("a", UNSUBSCRIBED), ("b", None), ("a", STOPPED), ("c", None), ("c", STOPPED))
    assert list(shelf.every()) == [("a", STOPPED), ("c", STOPPED)]
    put(shelf, ("a", None))
    assert list(shelf.every()) == [("c", STOPPED)]


def test_a_person_is_found_by_a_contact_id_that_was_merged(shelf: ClosingStore) -> None:
    put(shelf, ("ada", UNSUBSCRIBED))
    shelf.links.put("email:1", ContactLink("ada"))
    shelf.links.put("email:2", ContactLink("ada"))
    shelf.links.put("email:2", None)
    shelf.links.flush()
    assert shelf.of(["email:1"], at=50) == UNSUBSCRIBED
    assert shelf.of(["email:2"], at=50) is None
    assert shelf.of(["phone:1", "ada"], at=50) == UNSUBSCRIBED


def test_of_two_closings_the_later_counts_and_one_that_is_over_does_not(shelf: ClosingStore) -> None:
    put(shelf, ("a", UNSUBSCRIBED), ("b", STOPPED))
    assert shelf.of(["a", "b"], at=99) == STOPPED
    assert shelf.of(["a", "b"], at=100) == UNSUBSCRIBED
    assert shelf.of(["b"], at=100) is None


SAID: Suppressions = {
    "email": {"reason": "unsubscribed", "since": "1970-01-01T00:00:01.000Z", "source": "s", "id": "i"},
    "text": {
        "reason": "suppressed",
        "since": "1970-01-01T00:00:02.000Z",
        "until": "1970-01-01T00:00:03.000Z",
        "source": "s",
        "id": "i",
    },
}


def test_a_channel_is_closed_by_its_own_entry_alone() -> None:
    value = orjson.dumps(SAID)
    assert closing_of(value, "email") == Closing("unsubscribed", 1_000)
    assert closing_of(value, "text") == Closing("suppressed", 2_000, until=3_000)
    assert closing_of(value, "door") is None
    assert closing_of(None, "email") is None


def test_a_closing_ends_when_its_time_has_come() -> None:
    assert not Closing("suppressed", 2_000, until=3_000).is_over(2_999)
    assert Closing("suppressed", 2_000, until=3_000).is_over(3_000)
    assert not Closing("erased", 2_000).is_over(1 << 60)


HASHER = Hasher([b"key"])
CLOSED = Closing("complained", 1_330_000_000_000)
SINCE = "2012-02-23T12:26:40.000Z"
AUDIENCE = b"""VANID,Name,Email,Mobile Number
17,"Lovelace, Ada",ada@example.org,212 555 0101
18,Grace,grace@example.org,212 555 0102
,Joan,joan@example.org,212 555 0103
"""


def matching(
    given: bytes, *, format_: Format = "csv", channel: Channel = "email", closed: Sequence[str], wanted: ClosingFilter
) -> tuple[list[Row], ExportCounts]:
    """First row and rows of the file; `closed`: addresses."""
    audience = open_audience(BytesIO(given))
    assert isinstance(audience, Audience)
    layout = layout_of(format_, channel, audience)
    assert isinstance(layout, FileLayout)
    hashes = {HASHER.email(address) for address in closed}
    found = ListMatching(HASHER, lambda names: CLOSED if hashes & {*names} else None, layout, wanted)
    return [layout.first, *found.rows(audience)], found.tally


ALL = ClosingFilter(at=CLOSED.since + 1)


def test_van_is_told_its_own_ids_and_those_without_one_are_counted() -> None:
    rows, tally = matching(AUDIENCE, format_="van", closed=["ada@example.org", "joan@example.org"], wanted=ALL)
    assert rows == [["VANID", "Date Contacted", "Channel", "Reason"], ["17", "2012-02-23", "email", "complained"]]
    assert (tally.read, tally.written, tally.untold) == (3, 1, 1)
    assert "1 person is left out" in "\n".join(export_notices(tally))


@pytest.mark.parametrize(
    ("channel", "rows"),
    [("email", [["Email"], ["ada@example.org"]]), ("text", [["Mobile Number"], ["212 555 0101"]])],
)
def test_action_network_is_told_the_address_of_the_channel(channel: Channel, rows: list[list[str]]) -> None:
    found, _ = matching(AUDIENCE, format_="actionnetwork", channel=channel, closed=["ada@example.org"], wanted=ALL)
    assert found == rows


def test_action_network_is_told_its_own_id_where_the_audience_has_it() -> None:
    given = b"external.actionnetwork,email\nu-1,ada@example.org\n"
    rows, _ = matching(given, format_="actionnetwork", closed=["ada@example.org"], wanted=ALL)
    assert rows == [["Action Network ID"], ["u-1"]]


def test_own_rows_come_back_with_the_reason() -> None:
    rows, _ = matching(AUDIENCE, closed=["ada@example.org"], wanted=ALL)
    added = ["harmonia_channel", "harmonia_reason", "harmonia_since", "harmonia_until"]
    assert rows == [
        ["VANID", "Name", "Email", "Mobile Number", *added],
        ["17", "Lovelace, Ada", "ada@example.org", "212 555 0101", "email", "complained", SINCE, ""],
    ]


def test_cells_that_name_nobody_are_harmless_and_identifiers_stay_as_the_vendor_knows_them() -> None:
    given = (
        b"Email,Mobile Number,=note\n"
        b'ada@example.org,+1 212 555 0101,"-\n=HYPERLINK(""http://x"")"\n'
        b"ada@example.org,=1+1,\n"
    )
    rows, _ = matching(given, closed=["ada@example.org"], wanted=ALL)
    assert [row[:3] for row in rows] == [
        ["Email", "Mobile Number", "'=note"],
        ["ada@example.org", "+1 212 555 0101", "'-\n'=HYPERLINK(\"http://x\")"],
        ["ada@example.org", "'=1+1", ""],
    ]


def test_a_phone_cell_of_two_numbers_is_closed_by_the_first() -> None:
    given = b"phone,note\n2125550101;2125550102,x\n"
    audience = open_audience(BytesIO(given))
    assert isinstance(audience, Audience)
    layout = layout_of("csv", "text", audience)
    assert isinstance(layout, FileLayout)
    number = HASHER.phone("2125550101")
    found = ListMatching(HASHER, lambda names: CLOSED if number in names else None, layout, ALL)
    assert [row[0] for row in found.rows(audience)] == ["2125550101;2125550102"]


def test_an_earlier_export_tells_who_is_open_again() -> None:
    earlier = (
        b"Email,harmonia_channel,harmonia_reason,harmonia_since,harmonia_until\n"
        b"ada@example.org,email,unsubscribed,2012-01-01T00:00:00.000Z,\n"
        b"grace@example.org,email,unsubscribed,2012-01-01T00:00:00.000Z,\n"
        b"nobody,email,unsubscribed,2012-01-01T00:00:00.000Z,\n"
    )
    reopened = ClosingFilter(ALL.at, reopened=True)
    rows, tally = matching(earlier, closed=["ada@example.org"], wanted=reopened)
    assert rows[1:] == [["grace@example.org", "email", "", "", ""]]
    assert tally.nameless == 1


def test_a_malformed_row_costs_no_neighbour_and_is_named_by_its_line() -> None:
    given = b'email,note\nada@example.org,"open\ngrace@example.org,2\n'
    rows, tally = matching(given, closed=["ada@example.org", "grace@example.org"], wanted=ALL)
    assert [row[0] for row in rows[1:]] == ["grace@example.org"]
    assert list(export_warnings(tally, for_vendor=False)) == ["--match: 1 malformed row is left out: line 2"]


@pytest.mark.parametrize(
    ("format_", "channel", "header", "reason"),
    [
        ("van", "email", b"email\n", "for van the audience needs a column VANID, or external.van"),
        ("actionnetwork", "text", b"email\n", "for actionnetwork the audience needs a column phone"),
        ("actionnetwork", "door", b"email\n", "Action Network sends e-mail and text messages"),
    ],
)
def test_an_audience_that_the_vendor_cannot_match_is_refused(
    format_: Format, channel: Channel, header: bytes, reason: str
) -> None:
    audience = open_audience(BytesIO(header))
    assert isinstance(audience, Audience)
    refused = layout_of(format_, channel, audience)
    assert isinstance(refused, UnusableAudience)
    assert refused.reason.startswith(reason)


def test_without_an_audience_contacts_are_named_by_contact_id() -> None:
    hashed = str(HASHER.email("ada@example.org"))
    layout, tally = layout_of("csv", "email"), ExportCounts()
    assert isinstance(layout, FileLayout)
    over = Closing("suppressed", 5, until=CLOSED.since)
    every = [("ada", CLOSED), (hashed, CLOSED), ("over", over)]
    rows = list(rows_of_all(every, layout, ALL, tally))
    assert layout.first == ["contact_id", "channel", "reason", "since", "until"]
    assert rows == [["ada", "email", "complained", SINCE, ""], [hashed, "email", "complained", SINCE, ""]]
    assert not list(export_warnings(tally, for_vendor=False))
    [trouble] = export_warnings(tally, for_vendor=True)
    assert trouble.startswith("1 of 2 rows names a person by a keyed hash")


@pytest.mark.parametrize(
    ("format_", "row"), [("van", ["ada", "2012-02-23", "email", "complained"]), ("actionnetwork", ["ada"])]
)
def test_a_vendor_that_keeps_contact_ids_can_match_on_them(format_: Format, row: list[str]) -> None:
    layout = layout_of(format_, "email")
    assert isinstance(layout, FileLayout)
    assert layout.first[0] == "contact_id"
    assert layout.of(["ada"], CLOSED) == row
