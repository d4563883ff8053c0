"""What each condition means, at the edges of its windows and of what is known."""

from typing import Any

import pytest

from streams.domain.contact.state import NEVER
from streams.domain.pressure import default_policy
from tests.unit.domain.contact.said import DAY, HOUR, NOON, Arrival, appended, gift, refund, report, retracted, said
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


def test_what_is_said_to_come_a_little_later_is_in_the_window_too() -> None:
    assert holds(person(gift("1", 50, NOON + HOUR)), NOON, gifts="count", within="1h", is_=1)


def test_a_number_leaves_a_range_from_either_side() -> None:
    someone = person(gift("1", 50), gift("2", 50, NOON + DAY))
    asked = segment(all=[{"gifts": "count", "within": "30d", "is": 1}])
    dues, at = [], NOON + DAY
    while (at := plan(asked).read(someone, at).due) != NEVER:
        dues.append(at)
    assert dues == [NOON + 30 * DAY, NOON + 31 * DAY]
    assert [holds(someone, due, gifts="count", within="30d", is_=1) for due in dues] == [True, False]


def test_gifts_are_counted_whether_given_back_or_not_and_net_is_without_what_went_back() -> None:
    someone = person(gift("1", 50), refund("r", 20, NOON + DAY, donation_id="actblue:1"))
    assert holds(someone, NOON + DAY, gifts="count", is_=1)
    assert holds(someone, NOON + DAY, gifts="sum", is_=50)
    assert holds(someone, NOON + DAY, gifts="net", is_=30)


def test_a_refund_counts_where_its_gift_does_and_one_of_an_unknown_gift_by_itself() -> None:
    old = person(gift("1", 50), refund("r", 20, NOON + 40 * DAY, donation_id="actblue:1"))
    assert holds(old, NOON + 40 * DAY, gifts="net", within="30d", is_=0)
    unknown = person(refund("r", 20, NOON + 40 * DAY, donation_id="actblue:9"))
    assert holds(unknown, NOON + 40 * DAY, gifts="net", within="30d", is_=-20)


def test_a_refund_of_an_unknown_gift_leaves_the_window_before_a_later_gift() -> None:
    someone = person(refund("r", 20), gift("1", 50, NOON + DAY))
    assert holds(someone, NOON + DAY, gifts="net", within="30d", is_=30)
    assert holds(someone, NOON + 30 * DAY, gifts="net", within="30d", is_=50)


def test_amounts_are_of_one_currency_and_of_one_committee() -> None:
    someone = person(
        gift("1", 50, committee="C1"), gift("2", 7, currency="EUR"), refund("r", 20, donation_id="actblue:1")
    )
    assert holds(someone, NOON, gifts="sum", is_=50)
    assert holds(someone, NOON, gifts="sum", currency="EUR", is_=7)
    assert holds(someone, NOON, gifts="net", committee="C1", is_=30)
    assert holds(someone, NOON, gifts="net", committee="C2", is_=0)
    assert holds(someone, NOON, gifts="count", currency="USD", is_=1)


def test_attempts_are_all_reports_and_contacts_those_in_which_somebody_was_spoken_to() -> None:
    someone = person(report("1"), report("2", outcome="not_home", method="phone"))
    assert holds(someone, NOON, canvass="attempts", is_=2)
    assert holds(someone, NOON, canvass="contacts", is_=1)
    assert holds(someone, NOON, canvass="attempts", method="phone", is_=1)


def test_support_is_the_latest_and_nobody_has_one_of_whom_none_was_reported() -> None:
    someone = person(report("1", support=1), report("2", NOON + 1, support=4), report("3", NOON + 2))
    assert holds(someone, NOON + 2, support=[4, 5])
    assert not holds(person(report("1")), NOON, support=[1, 2, 3, 4, 5])


def test_a_tag_holds_until_it_is_removed() -> None:
    added = report("1", tags_added=["host", "driver"])
    someone = person(added, report("2", NOON + 1, tags_removed=["host"]))
    assert not holds(someone, NOON + 1, tag="host")
    assert holds(someone, NOON + 1, tag="driver")


def test_consent_is_the_latest_word_and_silence_is_neither_yes_nor_no() -> None:
    yes = said("consent.changed", "1", channel="email", granted=True)
    no = said("consent.changed", "2", NOON + 1, channel="email", granted=False)
    assert holds(person(yes), NOON, consent="email", is_=True)
    assert holds(person(yes, no), NOON + 1, consent="email", is_=False)
    assert not holds(person(yes), NOON, consent="text", is_=True)
    assert not holds(person(yes), NOON, consent="text", is_=False)


def test_a_postal_code_goes_by_how_it_begins() -> None:
    someone = person(report("1", region="US-OH", postal_code="44101"))
    assert holds(someone, NOON, postal_code="441")
    assert holds(someone, NOON, postal_code="44101")
    assert not holds(someone, NOON, postal_code="4410A")
    assert not holds(person(report("1")), NOON, postal_code="4")
    assert holds(someone, NOON, region="US-OH")


def test_a_ballot_goes_by_the_latest_status_of_its_election() -> None:
    sent = said("ballot.reported", "1", election="e", status="sent")
    voted = said("ballot.reported", "2", NOON + 1, election="e", status="voted")
    assert holds(person(sent), NOON, ballot="e", status=["requested", "sent"])
    assert not holds(person(sent, voted), NOON + 1, ballot="e", status=["requested", "sent"])
    assert not holds(person(voted), NOON + 1, ballot="f", status=["voted"])


def test_a_person_is_in_the_variant_that_was_given_first() -> None:
    first = said("experiment.assigned", "1", experiment={"id": "x", "variant": "A"})
    second = said("experiment.assigned", "2", NOON + 1, experiment={"id": "x", "variant": "B"})
    assert holds(person(first, second), NOON + 1, experiment="x")
    assert holds(person(first, second), NOON + 1, experiment="x", variant="A")
    assert not holds(person(first, second), NOON + 1, experiment="x", variant="B")
    assert not holds(person(first), NOON, experiment="y")


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


def test_mails_are_unanswered_no_longer_than_opens_are_known() -> None:
    someone = person(mail("m", NOON + HOUR // 2))
    assert holds(someone, NOON + 400 * DAY - 1, unanswered_mails=1)
    assert not holds(someone, NOON + 400 * DAY, unanswered_mails=1)
    assert plan(segment(all=[{"unanswered_mails": 1}])).read(someone, NOON).due == NOON + 400 * DAY


def test_a_retracted_gift_was_never_given() -> None:
    assert holds(person(gift("1", 50), retracted("1")), NOON, gifts="count", is_=0)


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


def test_settling_changes_no_answer() -> None:
    """What was appended more than a week before the latest has settled."""
    life = [mail("m"), opened("m", NOON + HOUR), gift("1", 50)]
    at = NOON + 20 * DAY
    late = person(*life, appended(at, report("9", at)))
    assert late.known.state.settled.totals.counts == {MAIL: 1, OPENED: 1}
    for condition in (
        {"opens": "human", "within": "30d", "at_least": 0.8},
        {"opens": "human", "at_least": 0.8},
        {"opens": "all", "is_": 1},
        {"touches": "count", "within": "30d", "channel": "email", "is_": 1},
        {"seen": "first", "within": "30d"},
    ):
        assert holds(late, at, **condition)
