"""A profile as people read it: all of it, nothing twice, and what a list is as a table."""

import orjson
import pytest

from events.json_types import JSON
from streams.cli.profile_tables import cell_at, cell_text, change_lines, profile_tables_of
from streams.domain.contact import profile
from tests.unit.domain.contact.said import DONOR, folded, gift
from tests.unit.domain.contact.said import said as event
from tests.unit.domain.pressure.people import person, touch


def read(written: object) -> dict[str, JSON]:
    """As it comes from Redis."""
    found: dict[str, JSON] = orjson.loads(orjson.dumps(written))
    return found


def test_values_of_a_profile_are_shown_by_path_in_its_order() -> None:
    found = dict(profile_tables_of(read(person(tags=["b", "a"], ballot={"2012-general": {"status": "voted"}}))).facts)
    assert found["contact_id"] == "ada"
    assert found["tags"] == "b, a"
    assert found["ballot.2012-general.status"] == "voted"
    assert found["email.subscribed"] == "true"
    assert list(found).index("contact_id") < list(found).index("email.status") < list(found).index("tags")


def test_lists_are_tables_of_all_that_their_items_say() -> None:
    known = person(touches=[touch(0), {**touch(1), "note": None}])
    [addresses, touches] = profile_tables_of(read(known)).lists
    assert (addresses.path, addresses.columns) == ("addresses", ("ref", "channel", "status"))
    assert touches.columns == ("channel", "purpose", "at", "team", "source", "id", "note")
    assert touches.rows[0] == ("email", "fundraising", "1970-01-01 00:00:00", "digital", "digital/mailer", "t0", "")


def test_parts_of_a_profile_without_a_value_are_named_only() -> None:
    found = profile_tables_of({"tags": [], "ballot": {}, "canvass": {"last_at": None, "answers": {}}, "version": 0})
    assert (found.facts, found.lists) == ([("version", "0")], [])
    assert found.unknown == ["tags", "ballot", "canvass"]


def test_every_part_of_a_profile_is_somewhere() -> None:
    whole = read(profile(DONOR, folded(gift("1", 5), event("email.opened", "2", 0, message_id="m"))))
    found = profile_tables_of(whole)
    told = {path.partition(".")[0] for path, _ in found.facts} | {part.path.partition(".")[0] for part in found.lists}
    assert told | {*found.unknown} == {*whole}
    assert not told & {*found.unknown}


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("2012-02-22T10:00:00.000Z", "2012-02-22 10:00:00"),
        ("2012-02-22T10:00:00.123Z", "2012-02-22 10:00:00.123"),
        ("THE-END-OF-THE-LINE.000Z", "THE-END-OF-THE-LINE.000Z"),
        ("it's", "it's"),
        (True, "true"),
        (0, "0"),
        (4.2, "4.2"),
    ],
)
def test_values_are_written_for_people(value: JSON, cell: str) -> None:
    assert cell_text(value) == cell


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        (None, 1, ["null → 1"]),
        ("2012-02-22T10:00:00.000Z", None, ["2012-02-22 10:00:00 → null"]),
        ([], ["a", "b"], ["+ a", "+ b"]),
        (["a", "b"], ["b"], ["- a"]),
        (None, ["a"], ["+ a"]),
        ([{"id": "1", "n": 5}], [{"id": "1", "n": 6}], ["+ 1 6", "- 1 5"]),
    ],
)
def test_a_change_says_what_is_new_and_what_is_gone(was: JSON, now: JSON, told: list[str]) -> None:
    assert list(change_lines("tags", was, now)) == told


@pytest.mark.parametrize(
    ("path", "value", "cell"),
    [
        ("donations.net.USD", 959_940, "$9,599.40"),
        ("donations.net.USD", -310, "-$3.10"),
        ("donations.gross.JPY", 1_200, "JPY 1,200"),
        ("donations.by_committee.C1.elections.P2012.KWD", 1_500, "KWD 1.500"),
        ("donations.count", 4, "4"),
        ("counts.ABC", 4, "4"),
    ],
)
def test_amounts_are_money_and_counts_are_not(path: str, value: int, cell: str) -> None:
    assert cell_at(path, value) == cell
    assert list(change_lines(path, None, value)) == [f"null → {cell}"]


def test_the_amount_of_a_pledge_is_money() -> None:
    pledge: dict[str, JSON] = {"id": "p", "amount": 2_500, "currency": "EUR", "period": "monthly", "status": "active"}
    [pledges] = profile_tables_of({"donations": {"net": {"USD": 500}, "pledges": [pledge]}}).lists
    assert pledges.rows == [("p", "€25.00", "EUR", "monthly", "active")]
    assert list(change_lines("donations.pledges", [], [pledge])) == ["+ p €25.00 EUR monthly active"]
