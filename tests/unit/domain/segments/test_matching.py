"""What each condition means, at the edges of its windows and of what is known."""

from typing import Any

import pytest

from streams.domain.contact.state import NEVER
from streams.domain.pressure import default_policy
from tests.unit.domain.contact.said import DAY, HOUR, NOON, Arrival, appended, gift, refund, report, said
from tests.unit.domain.segments.said_of import holds, person, plan, segment

MAIL, OPENED = "email.sent", "email.opened"
BROWSER = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36"


def mail(id_: str, time: int = NOON, **data: Any) -> Arrival:
    return appended(time, said(MAIL, f"sent {id_}", time, message_id=id_, **data))


def opened(id_: str, time: int = NOON, **data: Any) -> Arrival:
    """An open by a person, as far as one can tell: 0.863."""
    return appended(time, said(OPENED, f"opened {id_} {time}", time, message_id=id_, user_agent=BROWSER, **data))


@pytest.mark.parametrize(
    ("arrival", "condition", "window"),
    [
        (gift("1", 50), {"gifts": "count", "at_least": 1}, 30 * DAY),
        (gift("1", 50), {"gifts": "sum", "at_least": 50}, 30 * DAY),
        (gift("1", 50), {"gifts": "net", "at_least": 50}, 30 * DAY),
        (report("1"), {"canvass": "attempts", "at_least": 1}, 30 * DAY),
        (report("1"), {"touches": "count", "channel": "door", "at_least": 1}, 30 * DAY),
        (opened("m"), {"opens": "human", "at_least": 0.5}, 30 * DAY),
        (opened("m"), {"opens": "all", "is": 1}, 6 * DAY),
        (report("1"), {"seen": "first"}, 30 * DAY),
        (report("1"), {"seen": "last"}, 30 * DAY),
    ],
)
def test_a_thing_is_in_a_window_while_it_is_younger_and_leaves_it_when_it_is_due(
    arrival: Arrival, condition: dict[str, Any], window: int
) -> None:
    someone, asked = person(arrival), segment(all=[condition | {"within": f"{window // DAY}d"}])
    assert holds(someone, NOON + window - 1, **condition, within=f"{window // DAY}d")
    assert not holds(someone, NOON + window, **condition, within=f"{window // DAY}d")
    assert plan(asked).read(someone, NOON).due == NOON + window
    assert plan(asked).read(someone, NOON + window).due == NEVER


def test_opens_stand_at_the_beginning_of_their_hour() -> None:
    late = person(opened("m", NOON + HOUR - 1))
    assert holds(late, NOON + 7 * DAY - 1, opens="human", within="7d", at_least=0.5)
    assert not holds(late, NOON + 7 * DAY, opens="human", within="7d", at_least=0.5)


def test_a_number_leaves_a_range_from_either_side() -> None:
    someone = person(gift("1", 50), gift("2", 50, NOON + DAY))
    asked = segment(all=[{"gifts": "count", "within": "30d", "is": 1}])
    dues, at = [], NOON + DAY
    while (at := plan(asked).read(someone, at).due) != NEVER:
        dues.append(at)
    assert dues == [NOON + 30 * DAY, NOON + 31 * DAY]
    assert [holds(someone, due, gifts="count", within="30d", is_=1) for due in dues] == [True, False]


def test_a_refund_counts_where_its_gift_does_and_one_of_an_unknown_gift_by_itself() -> None:
    old = person(gift("1", 50), refund("r", 20, NOON + 40 * DAY, donation_id="actblue:1"))
    assert holds(old, NOON + 40 * DAY, gifts="net", within="30d", is_=0)
    unknown = person(refund("r", 20, NOON + 40 * DAY, donation_id="actblue:9"))
    assert holds(unknown, NOON + 40 * DAY, gifts="net", within="30d", is_=-20)


def test_a_refund_of_an_unknown_gift_leaves_the_window_before_a_later_gift() -> None:
    someone = person(refund("r", 20), gift("1", 50, NOON + DAY))
    assert holds(someone, NOON + DAY, gifts="net", within="30d", is_=30)
    assert holds(someone, NOON + 30 * DAY, gifts="net", within="30d", is_=50)


def test_the_last_mails_are_unanswered_until_a_person_opens_one_of_them() -> None:
    mails = [mail(f"m{number}", NOON + number * DAY) for number in range(5)]
    at = NOON + 5 * DAY
    assert holds(person(*mails), at, unanswered_mails=5)
    assert not holds(person(*mails), at, unanswered_mails=6)
    assert not holds(person(*mails, opened("m2", NOON + 2 * DAY + HOUR)), at, unanswered_mails=3)
    assert holds(person(*mails, opened("m2", NOON + 2 * DAY + HOUR)), at, unanswered_mails=2)


def test_an_open_answers_the_mails_of_its_own_hour_too() -> None:
    late = mail("n", NOON + HOUR - 1)
    assert not holds(person(late, opened("m", NOON)), NOON + DAY, unanswered_mails=1)
    assert holds(person(late, opened("m", NOON - 1)), NOON + DAY, unanswered_mails=1)


def test_an_open_by_a_machine_answers_no_mail() -> None:
    someone = person(mail("m"), opened("m", NOON + HOUR, machine=True))
    assert holds(someone, NOON + DAY, unanswered_mails=1)
    assert holds(someone, NOON + DAY, opens="all", is_=1)
    assert not holds(someone, NOON + DAY, opens="human", at_least=0.5)


def test_a_suppression_closes_every_channel_until_it_ends() -> None:
    someone = person(report("1"), said("contact.suppressed", "2", until="2012-03-03T12:00:00Z"))
    asked = segment(all=[{"channel": "door", "is": "closed"}])
    assert holds(someone, NOON, channel="door", is_="closed")
    assert plan(asked).read(someone, NOON).due == NOON + 2 * DAY
    assert holds(someone, NOON + 2 * DAY, channel="door", is_="open")
    assert plan(asked).read(someone, NOON + 2 * DAY).due == NEVER


def test_leaving_one_list_closes_no_channel_unless_the_policy_says_everyone() -> None:
    someone = person(said("email.unsubscribed", "1", list_id="l"))
    everyone = default_policy().closures.model_copy(update={"list_stop": "everyone"})
    assert holds(someone, NOON, channel="email", is_="open")
    assert holds(
        someone, NOON, default_policy().model_copy(update={"closures": everyone}), channel="email", is_="closed"
    )


def test_a_channel_that_needs_an_address_is_closed_where_the_policy_denies_unknown_ones() -> None:
    assert holds(person(report("1")), NOON, channel="text", is_="closed")
    assert holds(person(report("1")), NOON, channel="email", is_="open")
    assert holds(person(report("1"), name=f"phone:{'0' * 32}"), NOON, channel="text", is_="open")


@pytest.mark.parametrize("opens", [0.862, 0.863])
def test_expected_numbers_are_compared_to_the_third_digit(opens: float) -> None:
    someone = person(mail("m"), opened("m", NOON + HOUR))
    assert holds(someone, NOON + DAY, opens="human", at_least=opens)
    assert not holds(someone, NOON + DAY, opens="human", above=0.863)
