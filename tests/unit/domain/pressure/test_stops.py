"""Who is closed to everyone, and who to one sender or list."""

import pytest

from events.interactions.base import Channel
from events.times import render_time
from streams.domain.pressure import Decision, decide
from streams.domain.pressure.asking import Evidence
from tests.unit.domain.pressure.people import DAY, NOON, STOPPED, asking, person, policy, ruled, stop

POLICY = policy(unknown__text="allow")


@pytest.mark.parametrize("channel", ["email", "text", "phone", "door", "letter"])
@pytest.mark.parametrize("reason", ["deceased", "do_not_contact", "suppressed"])
def test_a_stop_of_everything_closes_every_channel_and_names_its_interaction(channel: Channel, reason: str) -> None:
    known = person(stops={"all": stop(reason), "senders": {}, "lists": {}})
    decision = decide(known, POLICY, asking(channel), NOON)
    assert (*ruled(decision), decision.evidence, decision.earliest_at) == ("deny", reason, (STOPPED,), None)


def test_who_was_erased_is_left_alone() -> None:
    assert decide("erased", POLICY, asking("letter"), NOON) == Decision("deny", "erased")


def test_a_suppression_with_an_end_denies_until_then_and_says_so() -> None:
    end = NOON + DAY
    known = person(stops={"all": stop("suppressed", until=render_time(end)), "senders": {}, "lists": {}})
    before, after = (decide(known, POLICY, asking("email"), at) for at in (end - 1, end))
    assert (*ruled(before), before.earliest_at) == ("deny", "suppressed", end)
    assert ruled(after) == ("allow", "ok")


def test_a_suppression_whose_end_cannot_be_read_has_none() -> None:
    known = person(stops={"all": stop("suppressed", until="soon"), "senders": {}, "lists": {}})
    decision = decide(known, POLICY, asking("email"), NOON)
    assert (*ruled(decision), decision.earliest_at) == ("deny", "suppressed", None)


@pytest.mark.parametrize("reason", ["unsubscribed", "complained", "opted_out", "consent_withdrawn"])
def test_a_closed_channel_is_denied_with_the_reason_and_the_others_stay_open(reason: str) -> None:
    known = person(stops={"text": stop(reason), "senders": {}, "lists": {}})
    decision = decide(known, POLICY, asking("text"), NOON)
    assert (*ruled(decision), decision.evidence) == ("deny", reason, (STOPPED,))
    assert ruled(decide(known, POLICY, asking("email"), NOON)) == ("allow", "ok")


def test_a_policy_may_close_another_channel_with_it() -> None:
    known = person(stops={"text": stop("opted_out"), "senders": {}, "lists": {}})
    closing = policy(closures__also_closes={"opted_out": ["phone"]})
    decision = decide(known, closing, asking("phone"), NOON)
    assert (*ruled(decision), decision.evidence) == ("deny", "opted_out", (STOPPED,))
    assert ruled(decide(known, closing, asking("email"), NOON)) == ("allow", "ok")


def test_a_refusal_whose_interaction_is_not_shown_still_denies() -> None:
    known = person(consent={"email": False})
    assert ruled(decide(known, POLICY, asking("email"), NOON)) == ("deny", "no_consent")


def test_where_consent_is_needed_silence_is_none() -> None:
    strict = policy(closures__needs_consent=["text"])
    assert ruled(decide(person(), strict, asking("text"), NOON)) == ("deny", "no_consent")
    assert ruled(decide(person(consent={"text": True}), strict, asking("text"), NOON)) == ("allow", "ok")
    unknown = policy(closures__needs_consent=["text"], unknown__text="allow")
    assert ruled(decide(None, unknown, asking("text"), NOON)) == ("deny", "no_consent")


SENDERS = person(stops={"senders": {"31337": stop("opted_out"), "4242": stop("opted_out", "s2")}, "lists": {}})


def test_a_stop_to_one_sender_binds_that_sender() -> None:
    decision = decide(SENDERS, POLICY, asking("text", sender="31337"), NOON)
    assert (*ruled(decision), decision.evidence) == ("deny", "sender_stopped", (STOPPED,))
    assert ruled(decide(SENDERS, POLICY, asking("text", sender="99"), NOON)) == ("allow", "ok")
    assert ruled(decide(SENDERS, POLICY, asking("phone"), NOON)) == ("allow", "ok")


@pytest.mark.parametrize("sender", ["(212) 555-0100", "212.555.0100", " +1 212 555 0100"])
def test_a_sender_is_known_however_its_number_is_written(sender: str) -> None:
    for said, asked in (("+12125550100", sender), (sender, "+12125550100")):
        known = person(stops={"senders": {said: stop("opted_out")}, "lists": {}})
        assert ruled(decide(known, POLICY, asking("text", sender=asked), NOON)) == ("deny", "sender_stopped")
        assert ruled(decide(known, POLICY, asking("text", sender="+12125550101"), NOON)) == ("allow", "ok")


@pytest.mark.parametrize("sender", ["Vote NY", "vote-ny", " VOTENY "])
def test_a_sender_is_known_however_its_name_is_written(sender: str) -> None:
    known = person(stops={"senders": {"VoteNY": stop("opted_out")}, "lists": {}})
    assert ruled(decide(known, POLICY, asking("text", sender=sender), NOON)) == ("deny", "sender_stopped")


EUROPE = policy(hours__country="EU", unknown__text="allow", hours__text={"daily": "00:00-24:00"})
FRENCH = ("33757000001", "+33757000001", "+33 7 57 00 00 01", "0033 757 000 001", "07 57 00 00 01", "+33 (0)757000001")


@pytest.mark.parametrize("said", FRENCH)
@pytest.mark.parametrize("asked", FRENCH)
def test_where_numbers_are_of_several_countries_a_sender_is_known_however_it_is_written(said: str, asked: str) -> None:
    known = person(stops={"senders": {said: stop("opted_out")}, "lists": {}})
    assert ruled(decide(known, EUROPE, asking("text", sender=asked), NOON)) == ("deny", "sender_stopped")
    for other in ("33757000002", "+34757000002", "36111", "000001", "Martin 2026"):
        assert ruled(decide(known, EUROPE, asking("text", sender=other), NOON)) == ("allow", "ok")


@pytest.mark.parametrize(("said", "asked"), [("36111", "36 111"), ("Martin 2026", "MARTIN2026"), ("+36111", "36111")])
def test_short_codes_and_names_are_known_there_too(said: str, asked: str) -> None:
    known = person(stops={"senders": {said: stop("opted_out")}, "lists": {}})
    assert ruled(decide(known, EUROPE, asking("text", sender=asked), NOON)) == ("deny", "sender_stopped")
    assert ruled(decide(known, EUROPE, asking("text", sender="36112"), NOON)) == ("allow", "ok")


def test_a_sender_who_is_stopped_is_stopped_on_every_channel() -> None:
    assert ruled(decide(SENDERS, POLICY, asking("phone", sender="31337"), NOON)) == ("deny", "sender_stopped")


def test_a_text_that_does_not_say_who_sends_it_may_be_of_the_one_who_was_stopped() -> None:
    decision = decide(SENDERS, POLICY, asking("text"), NOON)
    both = (STOPPED, Evidence("texts/relay", "s2"))
    assert (*ruled(decision), decision.evidence) == ("deny", "sender_stopped", both)
    assert ruled(decide(SENDERS, policy(closures__without_sender="allow"), asking("text"), NOON)) == ("allow", "ok")


def test_a_policy_may_let_a_stop_to_one_sender_bind_everyone() -> None:
    everyone = policy(closures__sender_stop="everyone")
    assert ruled(decide(SENDERS, everyone, asking("text", sender="99"), NOON)) == ("deny", "sender_stopped")


LISTS = person(stops={"senders": {}, "lists": {"weekly": stop("unsubscribed")}})


def test_a_list_that_was_left_is_closed_and_a_mail_of_no_list_may_be_of_it() -> None:
    for request in (asking("email", list_id="weekly"), asking("email")):
        decision = decide(LISTS, POLICY, request, NOON)
        assert (*ruled(decision), decision.evidence) == ("deny", "list_stopped", (STOPPED,))
    assert ruled(decide(LISTS, POLICY, asking("email", list_id="monthly"), NOON)) == ("allow", "ok")
    assert ruled(decide(LISTS, policy(closures__without_list="allow"), asking("email"), NOON)) == ("allow", "ok")


def test_a_policy_may_let_leaving_one_list_close_the_channel() -> None:
    everyone = policy(closures__list_stop="everyone")
    assert ruled(decide(LISTS, everyone, asking("email", list_id="monthly"), NOON)) == ("deny", "list_stopped")


def test_case_and_surrounding_space_make_no_other_list() -> None:
    for name in ("Weekly", "weekly ", " WEEKLY"):
        assert ruled(decide(LISTS, POLICY, asking("email", list_id=name), NOON)) == ("deny", "list_stopped")
