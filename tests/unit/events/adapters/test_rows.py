"""Rows of files."""

from dataclasses import replace
from importlib.resources import files
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.adapters.feed import Feed, RefusedElement, SkippedElement
from events.adapters.mapping import InvalidMapping, MappingFile, parse_mapping
from events.adapters.rows import missing, read_row
from events.adapters.vendors import BODIES
from events.envelope import Interaction
from events.interactions.base import Provenance, SourcedData
from events.json_types import JSON
from tests.unit.events.adapters.every_vendor import CASES, FIXTURES
from tests.unit.events.adapters.fixture import FEED, shown

AT = "2025-11-24T16:00:00.000Z"


def shipped(name: str) -> MappingFile:
    return parse_mapping(files("events.adapters").joinpath("mappings", f"{name}.toml").read_text(encoding="utf-8"))


def only(row: dict[str, Any], mapping: MappingFile, feed: Feed = FEED) -> tuple[str, str, dict[str, Any]]:
    interactions, refused, left_out = shown(read_row(row, b"the row", mapping, feed))
    assert (refused, left_out) == ([], [])
    (one,) = interactions
    return one


TEXT = {
    "message_id": "m1",
    "sent_at": AT,
    "direction": "outbound",
    "contact_phone": "202-555-0100",
    "sender": "+12025550199",
    "campaign": "gotv-1",
    "external_id": "118",
    "status": "delivered",
    "body": "Will you vote?",
    "opted_out": "",
}
WHO = {"phone": "202-555-0100", "external": {"van": "118"}}
FROM = {"contact": WHO, "sender": "+12025550199", "campaign_id": "gotv-1"}


@pytest.mark.parametrize(
    ("cells", "type_", "more"),
    [
        ({}, "text.sent", {"message_id": "m1"}),
        ({"status": ""}, "text.sent", {"message_id": "m1"}),
        ({"status": "Failed"}, "text.failed", {"message_id": "m1"}),
        ({"direction": "inbound"}, "text.replied", {}),
        ({"direction": "inbound", "opted_out": "No"}, "text.replied", {}),
        ({"direction": "Inbound", "opted_out": "Yes"}, "text.opted_out", {}),
        ({"direction": "incoming", "opted_out": "y"}, "text.opted_out", {}),
        ({"status": "queued", "opted_out": "TRUE"}, "text.opted_out", {}),
    ],
)
def test_a_row_of_a_text_export_becomes_its_interaction(
    cells: dict[str, str], type_: str, more: dict[str, str]
) -> None:
    assert only(TEXT | cells, shipped("p2p")) == (type_, AT, FROM | more)


def test_a_row_of_a_text_that_was_not_sent_yet_is_skipped() -> None:
    assert read_row(TEXT | {"status": "queued"}, b"", shipped("p2p"), FEED) == [SkippedElement("nothing_meant")]


def test_a_reply_that_may_be_a_stop_is_an_opt_out() -> None:
    row = TEXT | {"direction": "inbound", "opted_out": "opted out"}

    assert shown(read_row(row, b"", shipped("p2p"), FEED)) == ([], ["unsupported_type"], [])


HISTORY = {
    "Voter File VANID": "118",
    "Date Canvassed": "2025-11-24 11:00:00",
    "Contact Type": "Walk",
    "Result": "Not Home",
    "Campaign": "",
    "Canvassed By": "c-7",
}


def test_contact_history_of_van_in_the_time_zone_of_the_committee() -> None:
    feed = Feed(source="field/van", received_at=FEED.received_at, time_zone="America/New_York")

    assert only(HISTORY, shipped("van"), feed) == (
        "canvass.reported",
        AT,
        {"contact": {"external": {"van": "118"}}, "canvasser_id": "c-7", "method": "door", "outcome": "not_home"},
    )


def test_a_result_that_the_mapping_does_not_list_is_refused_by_the_columns_name() -> None:
    (refused,) = read_row(HISTORY | {"Result": "Do Not Dance"}, b"the row", shipped("van"), FEED)

    assert isinstance(refused, RefusedElement)
    assert refused.element == b"the row"
    assert refused.refusal.reason == "malformed_row"
    assert "column Result" in refused.refusal.detail
    assert "Do Not Dance" not in refused.refusal.detail


US = 'format = "%m/%d/%Y %I:%M %p", zone = "America/New_York"'
UNIX, MILLIS = 'format = "unix"', 'format = "unix_ms"'


@pytest.mark.parametrize(
    ("said", "written", "reason"),
    [
        (US, "11/24/2025 11:00 AM", None),
        (US, "24/11/2025 11:00 AM", "no_time"),
        (US, "", "no_time"),
        (US, "2025-11-24", "no_time"),
        (UNIX, "1764000000", None),
        (UNIX, 1_764_000_000, None),
        (UNIX, "1764000000000", "no_time"),
        (UNIX, AT, "no_time"),
        (MILLIS, "1764000000000", None),
        (MILLIS, "1764000000", "no_time"),
        (MILLIS, "", "no_time"),
    ],
)
def test_a_time_in_the_format_of_the_mapping(said: str, written: str | int, reason: str | None) -> None:
    mapping = parse_mapping(GIFTS.replace('"when.paid"', f'"when.paid", {said}'))

    interactions, refused, _ = shown(read_row(GIFT | {"when": {"paid": written}}, b"", mapping, FEED))

    assert (refused, [time for _, time, _ in interactions]) == (([], [AT]) if reason is None else ([reason], []))


def test_a_field_that_is_a_time_since_1970_is_written_as_the_contract_wants_it() -> None:
    starts = 'starts_at = { column = "starts", kind = "time", format = "unix" }'
    mapping = parse_mapping(
        f"""
name = "rsvps"
[[interactions]]
type = "rsvp.made"
time = {{ column = "ts", format = "unix" }}
act = ["ts"]
contact = {{ email = {{ column = "who" }} }}
data = {{ event_id = "e1", {starts} }}
"""
    )

    row = {"ts": "1764000000", "who": "ada@example.org", "starts": "1764000000"}
    assert only(row, mapping)[2]["starts_at"] == AT


@pytest.mark.parametrize("format_", ["unix_s", "epoch", "integer", "%H:%M", "%d/%m", "%s", "%%", "YYYY-MM-DD"])
def test_a_format_that_cannot_be_meant_is_refused_with_the_cure(format_: str) -> None:
    with pytest.raises(InvalidMapping, match=r"time.*format: give unix or unix_ms .*, such as %m/%d/%Y"):
        parse_mapping(GIFTS.replace('"when.paid"', f'"when.paid", format = "{format_}"'))


def test_an_unknown_type_of_a_mapping_is_refused_with_the_types_that_may_be_meant() -> None:
    with pytest.raises(InvalidMapping, match=r"docs/events\.md lists all; did you mean form\.submitted\?$"):
        parse_mapping(GIFTS.replace('"donation.made"', '"petition.signed"'))


def test_do_not_text_closes_texts() -> None:
    interactions, _, _ = shown(read_row(HISTORY | {"Result": "Do Not Text"}, b"", shipped("van"), FEED))

    assert [
        (type_, data.get("outcome"), data.get("channel"), data.get("granted")) for type_, _, data in interactions
    ] == [
        ("canvass.reported", "refused", None, None),
        ("consent.changed", None, "text", False),
    ]


def test_the_same_row_is_the_same_act_and_another_mapping_is_not() -> None:
    def of(mapping: MappingFile, row: dict[str, Any]) -> str:
        (one,) = read_row(row, b"", mapping, FEED)
        assert isinstance(one, Interaction)
        return one.id

    van = shipped("van")
    other = MappingFile.model_validate(van.model_dump() | {"name": "other"})
    assert of(van, HISTORY) == of(van, HISTORY | {"Canvassed By": "c-8"})
    assert len({of(van, HISTORY), of(van, HISTORY | {"Result": "Moved"}), of(other, HISTORY)}) == 3


def test_columns_that_a_file_lacks_are_named() -> None:
    assert missing([*HISTORY][1:], shipped("van")) == ["Voter File VANID"]


GIFTS = """
name = "gifts"
[[interactions]]
type = "donation.made"
time = { column = "when.paid" }
act = ["id"]
[interactions.contact]
email = { column = "donor.email" }
[interactions.data]
donation_id = { column = "id", prefix = "stripe:" }
amount = { column = "amount", kind = "amount", currency = "EUR" }
currency = "EUR"
instalment = { column = "n", kind = "integer" }
"""
GIFT: dict[str, Any] = {"id": 7, "when": {"paid": AT}, "donor": {"email": "ada@example.org"}, "amount": 25.5, "n": None}


def test_an_amount_is_read_in_the_currency_of_its_row() -> None:
    mapping = parse_mapping(GIFTS.replace('currency = "EUR"\ninst', 'currency = { column = "currency" }\ninst'))

    _, _, yen = only(GIFT | {"amount": 2550, "currency": "JPY"}, mapping)
    _, _, euros = only(GIFT | {"amount": "25.50", "currency": "EUR"}, mapping)

    assert (yen["amount"], euros["amount"]) == (2550, 2550)


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ('{ column = "cur", default = "USD" }', "a gift whose column cur is blank counts as USD; leave out default"),
        (
            '{ column = "cur", default = "USD", values = { "€" = "EUR" } }',
            "a gift whose column cur is blank, or has a value that is not listed, counts as USD; leave out default",
        ),
        ('{ column = "cur" }', None),
        ('"EUR"', None),
    ],
)
def test_a_mapping_tells_which_currency_a_gift_without_one_counts_as(column: str, told: str | None) -> None:
    mapping = parse_mapping(GIFTS.replace('currency = "EUR"\ninst', f"currency = {column}\ninst"))

    where = "interactions.0.data.currency: "
    assert [text.partition(" to have")[0] for text in mapping.assumed_currencies()] == [
        where + each for each in [told] if each
    ]


@pytest.mark.parametrize("currency", [None, "", " "])
def test_a_gift_without_a_currency_is_refused_unless_the_mapping_has_a_default(currency: str | None) -> None:
    mapping = parse_mapping(GIFTS.replace('currency = "EUR"\ninst', 'currency = { column = "cur" }\ninst'))

    assert shown(read_row(GIFT | {"cur": currency}, b"", mapping, FEED))[1] == ["invalid_data"]


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("amount", "1.005", "malformed_row"),
        ("n", "two", "malformed_row"),
        ("when", {}, "no_time"),
        ("donor", 1, "no_identifier"),
    ],
)
def test_a_cell_that_cannot_be_read_is_refused(field: str, value: object, reason: str) -> None:
    assert shown(read_row(GIFT | {field: value}, b"", parse_mapping(GIFTS), FEED))[1] == [reason]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("name =", "not TOML"),
        ('name = "x"', "interactions"),
        (GIFTS.replace('"donation.made"', '"gift"'), "type"),
        (GIFTS.replace("act", "acts"), "acts"),
        (GIFTS.replace('kind = "integer"', 'kind = "number"'), "instalment"),
        (GIFTS.replace('"when.paid"', '"when.paid", format = "%d %d"'), "format"),
        (GIFTS.replace('"when.paid"', '"when.paid", format = "%Q"'), "format"),
        (GIFTS.replace('name = "gifts"', 'name = "My Gifts"'), "name"),
    ],
)
def test_an_invalid_mapping_is_refused_with_the_name_of_the_field(text: str, word: str) -> None:
    with pytest.raises(InvalidMapping, match=word):
        parse_mapping(text)


cells: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12) | st.just({})
)


@given(st.sampled_from([(TEXT, "p2p"), (HISTORY, "van")]), st.data())
def test_any_cell_of_a_row_gives_an_interaction_or_a_refusal(
    known: tuple[dict[str, Any], str], data: st.DataObject
) -> None:
    row, name = known
    spoilt = row | {column: data.draw(cells) for column in data.draw(st.sets(st.sampled_from([*row])))}

    assert read_row(spoilt, b"", shipped(name), FEED)


MISSPELLED = """
name = "calls"
[[interactions]]
type = "email.sent"
time = { column = "At" }
act = ["Id"]
contact = { emial = { column = "Email" }, external = { crm = { column = "Id" } } }
data = { message_id = { column = "Id" }, experiment = { id = "subject", varient = { column = "Arm" } } }

[[interactions]]
type = { column = "Type", values = { gift = "donation.made", refund = "donation.refunded" } }
time = { column = "At" }
act = ["Id"]
contact = { email = { column = "Email" } }
data = { refund_id = { column = "Id" }, donation_id = { column = "Id" }, amuont = { column = "Sum" } }

[[interactions]]
type = { column = "Type" }
time = { column = "At" }
act = ["Id"]
contact = { email = { column = "Email" } }
data = { whatever = "x" }
"""


def test_a_mapping_names_the_fields_that_its_types_do_not_know() -> None:
    told = [text.partition(" It is taken")[0] for text in parse_mapping(MISSPELLED).unknown_fields()]

    assert sorted(told) == [
        "interactions.0.contact.emial: no field of email.sent; did you mean email?",
        "interactions.0.data.experiment.varient: no field of email.sent; did you mean variant?",
        "interactions.1.data.amuont: no field of donation.made or donation.refunded; did you mean amount?",
    ]


YES = """
[[interactions]]
type = "consent.changed"
time = { column = "at" }
act = ["who"]
part = "%s"
[interactions.contact]
email = { column = "who" }
[interactions.data]
channel = "%s"
granted = true
"""


def test_a_row_that_says_several_of_one_type_tells_them_apart_by_their_part() -> None:
    """One form has a yes to e-mail and one to texts: with one id only the first would count."""
    row = {"at": AT, "who": "ada@example.org"}
    ids = {}
    for parts in (("", "texts"), ("texts", ""), ("texts", "mails")):
        mapping = parse_mapping('name = "form"' + "".join(YES % (part, "email") for part in parts))
        ids[parts] = [one.id for one in read_row(row, b"", mapping, FEED) if isinstance(one, Interaction)]
        assert len({*ids[parts]}) == 2

    assert ids["", "texts"] == ids["texts", ""][::-1]
    assert ids["texts", "mails"][0] == ids["texts", ""][0]


def test_an_interaction_without_a_part_keeps_the_id_that_it_had() -> None:
    without = parse_mapping('name = "form"' + (YES % ("", "email")).replace('part = ""', ""))
    [one] = read_row({"at": AT, "who": "ada@example.org"}, b"", without, FEED)
    assert isinstance(one, Interaction)
    assert one.id == "d0b47a00bf5d9766abce81d211d3b32f"


def test_a_whole_number_that_is_kept_as_a_fraction_is_the_same_person() -> None:
    as_fraction = only(HISTORY | {"Voter File VANID": 118.0}, shipped("van"))

    assert as_fraction == only(HISTORY, shipped("van"))


@pytest.mark.parametrize("name", ["p2p", "van"])
def test_a_shipped_mapping_has_no_field_that_its_types_do_not_know(name: str) -> None:
    assert shipped(name).unknown_fields() == []


STATED = Provenance(kind="self", file="our-site", notice="n-2")
STATING = replace(FEED, provenance=STATED)
LEFT_BY_PEOPLE = {"donation.made", "form.submitted", "rsvp.made", "rsvp.cancelled", "rsvp.attended"}
MAPPING = """
name = "petition"
[[interactions]]
type = "form.submitted"
time = { column = "at" }
act = ["id"]
[interactions.contact]
email = { column = "email" }
[interactions.data]
form_id = "clean-air"
kind = "petition"
"""
ROW = {"at": "2025-11-24T16:00:00Z", "id": "1", "email": "ada@example.org"}


def provenance_of(one: object) -> Provenance | None:
    return one.data.provenance if isinstance(one, Interaction) and isinstance(one.data, SourcedData) else None


@pytest.mark.parametrize(("vendor", "name"), CASES)
def test_what_people_left_at_a_vendor_has_the_provenance_of_its_account_and_nothing_else_changes(
    vendor: str, name: str
) -> None:
    body = FIXTURES[vendor][name].bytes
    silent, stating = (BODIES[vendor](body, feed) for feed in (FEED, STATING))

    assert len(silent) == len(stating)
    for before, after in zip(silent, stating, strict=True):
        if isinstance(before, Interaction) and before.type in LEFT_BY_PEOPLE:
            assert provenance_of(after) == STATED
            assert isinstance(after, Interaction)
            assert isinstance(after.data, SourcedData)
            assert without_source(after) == without_source(before)
        else:
            assert after == before


def without_source(one: Interaction) -> tuple[str, str, int, dict[str, JSON]]:
    return one.id, one.type, one.time, {**one.data.plain()} | {"provenance": None}


def read(mapping: str, feed: Feed) -> Interaction:
    [found] = read_row(ROW, orjson.dumps(ROW), parse_mapping(mapping), feed)
    assert isinstance(found, Interaction), found
    return found


def test_a_mapping_may_say_it_and_is_believed_before_the_account() -> None:
    own = MAPPING + '[interactions.data.provenance]\nkind = "vendor"\nfile = "bought-1"\n'

    assert provenance_of(read(MAPPING, FEED)) is None
    assert provenance_of(read(MAPPING, STATING)) == STATED
    assert provenance_of(read(own, FEED)) == Provenance(kind="vendor", file="bought-1")
    assert provenance_of(read(own, STATING)) == Provenance(kind="vendor", file="bought-1")
