"""Which part of history is selected, and which files need not be opened for it."""

import pytest

from streams.history.lake.input_files import Selection, parse_moment, types_named
from tests.unit.history.lake.topic_records import DAY

MARCH = parse_moment("2012-03-01") or 0


def test_a_selection_begins_with_its_first_moment_and_ends_before_its_last() -> None:
    day = Selection(MARCH, MARCH + DAY, frozenset({"email.sent"}))

    assert [day.takes("email.sent", at) for at in (MARCH - 1, MARCH, MARCH + DAY - 1, MARCH + DAY)] == [
        *(False, True, True, False)
    ]
    assert not day.takes("email.opened", MARCH)


@pytest.mark.parametrize(
    ("date", "type_", "may"),
    [
        ("2012-02-29", "", False),
        ("2012-03-01", "", True),
        ("2012-03-02", "", False),
        ("", "", True),
        ("2012-03-01", "donation.made", False),
        ("2012-03-01", "email.sent", True),
    ],
)
def test_folders_without_selected_rows_are_passed_over(date: str, type_: str, may: bool) -> None:
    selection = Selection(MARCH + 1, MARCH + 2, frozenset({"email.sent"}))

    assert selection.may_take(date, type_) is may


def test_types_are_selected_by_name_and_by_pattern() -> None:
    assert types_named(["donation.*,form.submitted", "email.sent"]) == {
        *("donation.made", "donation.refunded", "donation.charge_failed", "donation.pledge_cancelled"),
        *("form.submitted", "email.sent"),
    }
    with pytest.raises(ValueError, match=r"email\.snet"):
        types_named(["email.sent,email.snet"])


@pytest.mark.parametrize("text", ["yesterday", "2012-13-01", "2012-02-22T00:00:00", ""])
def test_a_selection_takes_no_time_without_an_offset(text: str) -> None:
    assert parse_moment(text) is None
