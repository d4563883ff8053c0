"""A decision, its limits and its stops."""

import pytest

from events.interactions.base import Channel
from events.outputs import Touch
from events.times import render_time
from streams.domain.pressure import Decision, Hold, Policy, Reservation, answer, decide, prepare
from streams.domain.pressure.asking import Evidence
from tests.unit.domain.pressure.people import (
    DAY,
    EMAIL,
    HOUR,
    MINUTE,
    NOON,
    PHONE,
    STOPPED,
    address,
    asking,
    default,
    ms,
    person,
    policy,
    ruled,
    shown,
    stop,
    touch,
    unlimited,
)

POLICY = default()
RECEIPTS = policy(transactional={"sources": ["finance/actblue"], "teams": ["support"]})
RECEIPT = asking("email", "transactional", source="finance/actblue")


def test_an_allow_holds_for_a_while_and_names_its_address() -> None:
    assert decide(person(), POLICY, asking(), NOON) == Decision("allow", "ok", (), NOON, NOON + 10 * HOUR, EMAIL)


def test_an_allow_ends_with_the_hours() -> None:
    """The text for tonight is not sent tomorrow: 19:00 in New York, and texts end at 20:00."""
    tonight = ms("2026-02-05T00:00:00Z")
    assert decide(person(), POLICY, asking("text"), tonight) == Decision(
        "allow", "ok", (), tonight, tonight + HOUR, PHONE
    )


def test_where_a_channel_never_opens_it_is_denied() -> None:
    """In no hour of any day is it between nine and eight in all of Russia and, the policy says, ever."""
    short = policy(hours__text={"daily": "09:00-10:00"}, hours__country="IS")
    russian = person(zones={"time_zone": None, "region": "RU-MOW", "postal_code": None})
    assert ruled(decide(russian, short, asking("text"), NOON)) == ("deny", "hours")
    allowed = policy(hours__text={"daily": "09:00-10:00"}, hours__country="IS", transactional={"teams": ["digital"]})
    assert ruled(decide(russian, allowed, asking("text", "transactional"), NOON)) == ("deny", "hours")


@pytest.mark.parametrize(
    ("channel", "decision"),
    [("email", "allow"), ("text", "deny"), ("phone", "deny"), ("door", "allow"), ("letter", "allow")],
)
def test_what_somebody_unknown_gets(channel: str, decision: str) -> None:
    reason = "ok" if decision == "allow" else "unknown_contact"
    assert ruled(decide(None, POLICY, asking(channel), ms("2026-02-04T23:00:00Z"))) == (decision, reason)  # type: ignore[arg-type]


def test_somebody_unknown_who_was_asked_for_by_address_keeps_that_ref() -> None:
    assert decide(None, POLICY, asking("text", ref="0"), NOON).ref == "0"


def test_a_receipt_skips_caps_gaps_points_support_and_by_the_policy_the_night() -> None:
    busy = person(touches=[touch(NOON - n * HOUR, "door") for n in range(20)])
    night = ms("2026-02-05T07:00:00Z")
    assert decide(busy, RECEIPTS, RECEIPT, night) == Decision(
        "allow", "transactional", (), night, night + 12 * HOUR, EMAIL
    )
    in_hours = policy(transactional={"sources": ["finance/actblue"]}, hours__transactional_email="in_hours")
    assert ruled(decide(busy, in_hours, RECEIPT, night)) == ("defer", "hours")
    assert ruled(decide(busy, in_hours, RECEIPT, NOON)) == ("allow", "transactional")


def test_a_transactional_text_keeps_to_the_hours() -> None:
    answer = asking("text", "transactional", team="support")
    assert ruled(decide(person(), RECEIPTS, answer, ms("2026-02-05T07:00:00Z"))) == ("defer", "hours")
    assert ruled(decide(person(), RECEIPTS, answer, NOON)) == ("allow", "transactional")


def test_only_who_is_named_may_send_what_is_transactional() -> None:
    for request in (
        asking("email", "transactional"),
        asking("email", "transactional", source="finance/actblue/x"),
        asking("email", "transactional", source="support"),
    ):
        assert ruled(decide(person(), RECEIPTS, request, NOON)) == ("deny", "transactional_not_allowed")
    assert ruled(decide(person(), POLICY, RECEIPT, NOON)) == ("deny", "transactional_not_allowed")


def test_a_receipt_reaches_somebody_unknown_and_an_address_that_bounces_softly() -> None:
    assert ruled(decide(None, RECEIPTS, RECEIPT, NOON)) == ("allow", "transactional")
    soft = person(addresses=[address(EMAIL, "email", "soft_bouncing")])
    assert ruled(decide(soft, RECEIPTS, RECEIPT, NOON)) == ("allow", "transactional")


def test_a_receipt_never_passes_a_stop_a_hard_bounce_a_wrong_number_a_death_or_an_erasure() -> None:
    text = asking("text", "transactional", team="support")
    nobody: dict[str, object] = {"senders": {}, "lists": {}}
    assert decide(person(stops=nobody | {"text": stop("opted_out")}), RECEIPTS, text, NOON).reason == "opted_out"
    senders = nobody | {"senders": {"31337": stop("opted_out")}}
    assert decide(person(stops=senders), RECEIPTS, text, NOON).reason == "sender_stopped"
    gone = person(stops=nobody | {"all": stop("deceased")})
    assert decide(gone, RECEIPTS, RECEIPT, NOON).reason == "deceased"
    bounced = person(addresses=[address(EMAIL, "email", "hard_bounced")])
    assert decide(bounced, RECEIPTS, RECEIPT, NOON).reason == "hard_bounced"
    wrong = person(addresses=[address(PHONE, "phone", "wrong_number")])
    assert decide(wrong, RECEIPTS, text, NOON).reason == "wrong_number"
    assert decide("erased", RECEIPTS, RECEIPT, NOON).reason == "erased"


def test_a_receipt_need_not_say_of_which_list_it_is() -> None:
    left = person(stops={"senders": {}, "lists": {"weekly": stop("unsubscribed")}})
    assert ruled(decide(left, RECEIPTS, RECEIPT, NOON)) == ("allow", "transactional")


def test_a_campaign_that_is_held_is_denied_at_once() -> None:
    request = asking(campaign_id="gotv")
    decision = decide(person(), POLICY, request, NOON, holds=[Hold("gotv", NOON + HOUR), Hold("gotv", NOON + DAY)])
    assert (*ruled(decision), decision.earliest_at) == ("deny", "held", NOON + DAY)
    for_ever = decide(person(), POLICY, request, NOON, holds=[Hold("gotv"), Hold("gotv", NOON + DAY)])
    assert (*ruled(for_ever), for_ever.earliest_at) == ("deny", "held", None)
    receipt = asking("email", "transactional", team="support", campaign_id="gotv")
    assert decide(person(), RECEIPTS, receipt, NOON, holds=[Hold("gotv")]).reason == "held"


def test_a_hold_that_is_over_or_of_another_campaign_stops_nobody() -> None:
    holds = [Hold("gotv", NOON), Hold("other")]
    assert decide(person(), POLICY, asking(campaign_id="gotv"), NOON, holds=holds).decision == "allow"
    assert decide(person(), POLICY, asking(), NOON, holds=holds).decision == "allow"


def test_the_first_of_many_reasons_is_told() -> None:
    """Each time the first of them is taken away the next one is told."""
    left = {"l": stop("complained")}
    known = person(
        stops={
            "all": stop("deceased"),
            "email": stop("unsubscribed"),
            "senders": {},
            "lists": left,
        },
        addresses=[address("a", "email", "hard_bounced")],
        canvass=person()["canvass"] | {"support": 5},
        ballot={"e": {"status": "voted", "at": "", "source": "county/av", "id": "b1"}},
        touches=[touch(NOON - HOUR, "email")],
    )
    request = asking("email", "mobilisation", list_id="l", election="e", campaign_id="c")
    tight = policy(caps__email=[{"window": "1d", "at_most": 1}])
    holds = [Hold("c")]
    told = []
    changes: list[dict[str, object]] = [
        {},
        {"stops": {"email": stop("unsubscribed"), "senders": {}, "lists": left}},
        {"stops": {"senders": {}, "lists": left}},
        {"stops": {"senders": {}, "lists": {}}},
        {"addresses": [address("a", "email", "soft_bouncing")]},
        {"addresses": [address("a", "email")]},
        {"canvass": person()["canvass"]},
        {"ballot": {}},
        {"touches": []},
    ]
    for change in changes:
        known |= change  # type: ignore[typeddict-item]
        told.append(decide(known, tight, request, NOON, holds=holds).reason)
        if told[-1] == "held":
            holds = []
            told.append(decide(known, tight, request, NOON).reason)
    assert told == "deceased unsubscribed list_stopped hard_bounced held soft_bouncing opposed voted cap ok".split()


def test_after_a_flush_nobody_is_allowed_until_what_was_reserved_is_over() -> None:
    """Who had it is not known, so it may be another team's. Of the night it is told that it is over in the morning."""
    question = prepare(default(), asking(), NOON, lost_until=NOON + HOUR)
    found = answer(question, person())
    assert (ruled(found), found.earliest_at) == (("defer", "reservations_unknown"), NOON + HOUR)
    night = answer(prepare(default(), asking(), NOON, lost_until=NOON + 11 * HOUR), person())
    assert (ruled(night), night.earliest_at) == (("defer", "reservations_unknown"), NOON + 18 * HOUR)
    assert ruled(answer(prepare(default(), asking(), NOON, lost_until=NOON), person())) == ("allow", "ok")
    assert ruled(answer(prepare(default(), asking(), NOON, lost_until=NOON + HOUR), None))[1] == "reservations_unknown"
    receipt = prepare(
        policy(transactional__teams=["digital"]), asking(purpose="transactional"), NOON, lost_until=NOON + 1
    )
    assert ruled(answer(receipt, person())) == ("allow", "transactional")


def test_what_is_known_is_told_before_what_is_not() -> None:
    known = person(touches=[touch(NOON - HOUR)])
    found = answer(prepare(default(), asking(), NOON, lost_until=NOON + 5 * HOUR), known)
    assert (ruled(found), found.earliest_at) == (("defer", "gap"), NOON + 5 * HOUR)


def asked(under: Policy, touches: list[Touch], channel: Channel = "email", **more: str) -> Decision:
    return decide(person(touches=touches), under, asking(channel, **more), NOON)  # type: ignore[arg-type]


def test_a_cap_counts_the_touches_of_its_window_and_names_each() -> None:
    capped = unlimited(caps__email=[{"window": "7d", "at_most": 2}])
    new, old, older = touch(NOON - DAY), touch(NOON - 7 * DAY + 1), touch(NOON - 7 * DAY)
    assert ruled(asked(capped, [new, older])) == ("allow", "ok")
    decision = asked(capped, [new, old, older])
    assert ruled(decision) == ("defer", "cap")
    assert decision.evidence == (shown(new), shown(old))
    assert (decision.earliest_at, decision.expires_at) == (NOON + 1, None)


def test_a_cap_of_one_purpose_counts_no_other() -> None:
    capped = unlimited(
        caps__email=[{"window": "30d", "at_most": 100}, {"window": "7d", "at_most": 1, "purpose": "fundraising"}]
    )
    assert ruled(asked(capped, [touch(NOON - DAY, purpose="informational")])) == ("allow", "ok")
    assert ruled(asked(capped, [touch(NOON - DAY)])) == ("defer", "cap")
    assert ruled(asked(capped, [touch(NOON - DAY)], purpose="mobilisation")) == ("allow", "ok")


@pytest.mark.parametrize(
    ("gap", "last", "reason"),
    [
        ({"gaps__email": "20h"}, touch(NOON - HOUR), "gap"),
        ({"gaps__across_channels": "20h"}, touch(NOON - HOUR, "text"), "gap_across_channels"),
        ({"gaps__across_teams": "20h"}, touch(NOON - HOUR, "email", team="field"), "gap_across_teams"),
        ({"gaps__across_teams": "20h"}, touch(NOON - HOUR, "text", team="field"), "gap_across_teams"),
    ],
)
def test_a_gap_is_kept_from_the_last_touch_on(gap: dict[str, object], last: Touch, reason: str) -> None:
    decision = asked(unlimited(**gap), [last])
    assert (*ruled(decision), decision.evidence) == ("defer", reason, (shown(last),))
    assert decision.earliest_at == NOON + 19 * HOUR


def test_points_decay_until_there_is_room_for_what_the_touch_costs() -> None:
    """Two visits less than 6,000 points: a week later 3,000 are left, and a third visit makes the budget full."""
    budget = unlimited(points={"budget": 6000})
    visits = [touch(NOON, "door", id_="1"), touch(NOON, "door", id_="2")]
    decision = asked(budget, visits, "door")
    assert (*ruled(decision), decision.evidence) == ("defer", "pressure", (shown(visits[1]), shown(visits[0])))
    assert decision.earliest_at is not None
    assert abs(decision.earliest_at - NOON - 7 * DAY) < 10 * MINUTE  # each weighs half a point less than 1500.5
    assert ruled(asked(budget, visits[:1], "door")) == ("allow", "ok")


def test_what_others_hold_is_waited_for() -> None:
    held = [Reservation("text", "field", NOON - MINUTE, NOON + MINUTE)]
    decision = decide(person(), unlimited(), asking(), NOON, reserved=held)
    assert decision == Decision("defer", "reserved", (), NOON + MINUTE, None, decision.ref)
    assert decide(person(), unlimited(), asking(), NOON + MINUTE, reserved=held).decision == "allow"
    assert ruled(decide(None, unlimited(), asking(), NOON, reserved=held)) == ("defer", "reserved")


def test_a_limit_that_is_reached_is_told_before_a_reservation() -> None:
    capped = unlimited(caps__email=[{"window": "1d", "at_most": 1}])
    held = [Reservation("email", "field", NOON - MINUTE, NOON + 2 * DAY)]
    decision = decide(person(touches=[touch(NOON - HOUR)]), capped, asking(), NOON, reserved=held)
    assert (decision.reason, decision.earliest_at) == ("cap", NOON + 2 * DAY)


def test_a_touch_without_a_time_is_refused_aloud() -> None:
    broken = touch(NOON - HOUR) | {"at": "yesterday"}
    with pytest.raises(ValueError, match="no time that can be read"):
        asked(unlimited(gaps__email="1d"), [broken])


TEXTING = policy(unknown__text="allow")


@pytest.mark.parametrize("channel", ["email", "text", "phone", "door", "letter"])
@pytest.mark.parametrize("reason", ["deceased", "do_not_contact", "suppressed"])
def test_a_stop_of_everything_closes_every_channel_and_names_its_interaction(channel: Channel, reason: str) -> None:
    known = person(stops={"all": stop(reason), "senders": {}, "lists": {}})
    decision = decide(known, TEXTING, asking(channel), NOON)
    assert (*ruled(decision), decision.evidence, decision.earliest_at) == ("deny", reason, (STOPPED,), None)


def test_who_was_erased_is_left_alone() -> None:
    assert decide("erased", TEXTING, asking("letter"), NOON) == Decision("deny", "erased")


def test_a_suppression_with_an_end_denies_until_then_and_says_so() -> None:
    end = NOON + DAY
    known = person(stops={"all": stop("suppressed", until=render_time(end)), "senders": {}, "lists": {}})
    before, after = (decide(known, TEXTING, asking("email"), at) for at in (end - 1, end))
    assert (*ruled(before), before.earliest_at) == ("deny", "suppressed", end)
    assert ruled(after) == ("allow", "ok")


def test_a_suppression_whose_end_cannot_be_read_has_none() -> None:
    known = person(stops={"all": stop("suppressed", until="soon"), "senders": {}, "lists": {}})
    decision = decide(known, TEXTING, asking("email"), NOON)
    assert (*ruled(decision), decision.earliest_at) == ("deny", "suppressed", None)


@pytest.mark.parametrize("reason", ["unsubscribed", "complained", "opted_out", "consent_withdrawn"])
def test_a_closed_channel_is_denied_with_the_reason_and_the_others_stay_open(reason: str) -> None:
    known = person(stops={"text": stop(reason), "senders": {}, "lists": {}})
    decision = decide(known, TEXTING, asking("text"), NOON)
    assert (*ruled(decision), decision.evidence) == ("deny", reason, (STOPPED,))
    assert ruled(decide(known, TEXTING, asking("email"), NOON)) == ("allow", "ok")


def test_a_policy_may_close_another_channel_with_it() -> None:
    known = person(stops={"text": stop("opted_out"), "senders": {}, "lists": {}})
    closing = policy(closures__also_closes={"opted_out": ["phone"]})
    decision = decide(known, closing, asking("phone"), NOON)
    assert (*ruled(decision), decision.evidence) == ("deny", "opted_out", (STOPPED,))
    assert ruled(decide(known, closing, asking("email"), NOON)) == ("allow", "ok")


def test_a_refusal_whose_interaction_is_not_shown_still_denies() -> None:
    known = person(consent={"email": False})
    assert ruled(decide(known, TEXTING, asking("email"), NOON)) == ("deny", "no_consent")


def test_where_consent_is_needed_silence_is_none() -> None:
    strict = policy(closures__needs_consent=["text"])
    assert ruled(decide(person(), strict, asking("text"), NOON)) == ("deny", "no_consent")
    assert ruled(decide(person(consent={"text": True}), strict, asking("text"), NOON)) == ("allow", "ok")
    unknown = policy(closures__needs_consent=["text"], unknown__text="allow")
    assert ruled(decide(None, unknown, asking("text"), NOON)) == ("deny", "no_consent")


SENDERS = person(stops={"senders": {"31337": stop("opted_out"), "4242": stop("opted_out", "s2")}, "lists": {}})


def test_a_stop_to_one_sender_binds_that_sender() -> None:
    decision = decide(SENDERS, TEXTING, asking("text", sender="31337"), NOON)
    assert (*ruled(decision), decision.evidence) == ("deny", "sender_stopped", (STOPPED,))
    assert ruled(decide(SENDERS, TEXTING, asking("text", sender="99"), NOON)) == ("allow", "ok")
    assert ruled(decide(SENDERS, TEXTING, asking("phone"), NOON)) == ("allow", "ok")


@pytest.mark.parametrize("sender", ["(212) 555-0100", "212.555.0100", " +1 212 555 0100"])
def test_a_sender_is_known_however_its_number_is_written(sender: str) -> None:
    for said, asked in (("+12125550100", sender), (sender, "+12125550100")):
        known = person(stops={"senders": {said: stop("opted_out")}, "lists": {}})
        assert ruled(decide(known, TEXTING, asking("text", sender=asked), NOON)) == ("deny", "sender_stopped")
        assert ruled(decide(known, TEXTING, asking("text", sender="+12125550101"), NOON)) == ("allow", "ok")


@pytest.mark.parametrize("sender", ["Vote NY", "vote-ny", " VOTENY "])
def test_a_sender_is_known_however_its_name_is_written(sender: str) -> None:
    known = person(stops={"senders": {"VoteNY": stop("opted_out")}, "lists": {}})
    assert ruled(decide(known, TEXTING, asking("text", sender=sender), NOON)) == ("deny", "sender_stopped")


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
    assert ruled(decide(SENDERS, TEXTING, asking("phone", sender="31337"), NOON)) == ("deny", "sender_stopped")


def test_a_text_that_does_not_say_who_sends_it_may_be_of_the_one_who_was_stopped() -> None:
    decision = decide(SENDERS, TEXTING, asking("text"), NOON)
    both = (STOPPED, Evidence("texts/relay", "s2"))
    assert (*ruled(decision), decision.evidence) == ("deny", "sender_stopped", both)
    assert ruled(decide(SENDERS, policy(closures__without_sender="allow"), asking("text"), NOON)) == ("allow", "ok")


def test_a_policy_may_let_a_stop_to_one_sender_bind_everyone() -> None:
    everyone = policy(closures__sender_stop="everyone")
    assert ruled(decide(SENDERS, everyone, asking("text", sender="99"), NOON)) == ("deny", "sender_stopped")


LISTS = person(stops={"senders": {}, "lists": {"weekly": stop("unsubscribed")}})


def test_a_list_that_was_left_is_closed_and_a_mail_of_no_list_may_be_of_it() -> None:
    for request in (asking("email", list_id="weekly"), asking("email")):
        decision = decide(LISTS, TEXTING, request, NOON)
        assert (*ruled(decision), decision.evidence) == ("deny", "list_stopped", (STOPPED,))
    assert ruled(decide(LISTS, TEXTING, asking("email", list_id="monthly"), NOON)) == ("allow", "ok")
    assert ruled(decide(LISTS, policy(closures__without_list="allow"), asking("email"), NOON)) == ("allow", "ok")


def test_a_policy_may_let_leaving_one_list_close_the_channel() -> None:
    everyone = policy(closures__list_stop="everyone")
    assert ruled(decide(LISTS, everyone, asking("email", list_id="monthly"), NOON)) == ("deny", "list_stopped")


def test_case_and_surrounding_space_make_no_other_list() -> None:
    for name in ("Weekly", "weekly ", " WEEKLY"):
        assert ruled(decide(LISTS, TEXTING, asking("email", list_id=name), NOON)) == ("deny", "list_stopped")
