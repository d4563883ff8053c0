import pytest

from events.harmonised import harmonise
from events.identifiers import Hasher
from events.json_types import JSON
from streams.campaigns import Count, Counts, Report, Tally, Told
from streams.campaigns.counts import MOST_SHOWN
from tests.unit.campaigns.sending import HOUR, NOON, report
from tests.unit.events.records import accepted, event

ADDRESSES = {
    "gmail": "jane@gmail.com",
    "yahoo": "jane@ymail.com",
    "microsoft": "jane@hotmail.fr",
    "apple": "jane@me.com",
    "other": "jane@example.org",
}


def taken(count: Count, type_: str, at: Report, address: str = "jane@gmail.com", **data: JSON) -> bool:
    """As intake writes it."""
    content = event(type_, contact={"contact_id": "c1", "email": address}, **data)
    return count.take(harmonise(accepted(content), Hasher([b"key"]))[1], type_, at)


def test_messages_and_reports_of_a_campaign_are_counted_by_provider() -> None:
    count = Count()
    for mailbox, address in ADDRESSES.items():
        assert taken(count, "email.sent", report(1), address, campaign_id=mailbox)
        assert taken(count, "email.complained", report(2), address, campaign_id=mailbox)
    assert count.found() == {
        mailbox: Counts({mailbox: Tally(sent=1, complaints=Told(1, (report(2),)))}, NOON)  # type: ignore[dict-item]
        for mailbox in ADDRESSES
    }


def test_every_type_has_its_column() -> None:
    count = Count()
    for number, type_ in enumerate(["email.sent", "email.delivered", "email.complained", "email.unsubscribed"]):
        taken(count, type_, report(number, NOON + number * HOUR), campaign_id="c")
    assert count.found() == {
        "c": Counts(
            {"gmail": Tally(1, 1, Told(1, (report(2, NOON + 2 * HOUR),)), Told(1, (report(3, NOON + 3 * HOUR),)))},
            NOON + HOUR,
        )
    }


@pytest.mark.parametrize("data", [{}, {"campaign_id": None}, {"universe": '"campaign_id"'}])
def test_what_names_no_campaign_is_not_counted(data: dict[str, JSON]) -> None:
    count = Count()
    assert not taken(count, "email.sent", report(1), "jane@gmail.com", **data)
    assert not count.found()


def test_whoever_named_no_address_counts_as_others() -> None:
    count = Count()
    assert taken(count, "email.unsubscribed", report(1), "no address", campaign_id="c")
    assert count.found()["c"].tallies.keys() == {"other"}


def test_of_many_reports_the_latest_are_shown() -> None:
    count = Count()
    for number in range(2 * MOST_SHOWN):
        taken(count, "email.complained", report(number, NOON - number), campaign_id="c")
    latest = tuple(report(number, NOON - number) for number in reversed(range(MOST_SHOWN)))
    assert count.found()["c"].tallies["gmail"].complaints == Told(2 * MOST_SHOWN, latest)
