"""The order of the checks, the short way of what is transactional, holds, and how long an allow holds."""

import pytest

from streams.domain.pressure import Decision, Hold, answer, decide, prepare
from tests.unit.domain.pressure.people import (
    DAY,
    EMAIL,
    HOUR,
    NOON,
    PHONE,
    address,
    asking,
    default,
    ms,
    person,
    policy,
    ruled,
    stop,
    touch,
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
