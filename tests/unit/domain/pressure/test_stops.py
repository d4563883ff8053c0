"""Who is closed to everyone, to a sender, a list or a purpose, and who is not campaigned to."""

from typing import Any

import pytest

from events.interactions.base import Channel, Purpose
from events.outputs import ConsentWord
from events.times import render_time
from streams.domain.pressure import Decision, FileMistakes, decide, default_policy_text, read_policy
from streams.domain.pressure.asking import Evidence
from streams.domain.pressure.closures import channel_denial, channel_rules
from tests.unit.domain.contact.said import profile_of, said
from tests.unit.domain.pressure.people import DAY, NOON, STOPPED, asking, default, person, policy, ruled, stop

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
    for stopped, asked in (("+12125550100", sender), (sender, "+12125550100")):
        known = person(stops={"senders": {stopped: stop("opted_out")}, "lists": {}})
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


# What is said of one purpose binds whoever asks for that purpose, and nobody else.
STRICT = policy(unknown__text="allow", closures__needs_consent=["text"])


def word(granted: bool, days_ago: int = 1, **more: str) -> ConsentWord:
    told: ConsentWord = {
        "type": "consent.changed",
        "channel": "text",
        "granted": granted,
        "at": render_time(NOON - days_ago * DAY),
        "source": "forms/site",
        "id": f"w{days_ago}",
        "purpose": "fundraising",
    }
    return told | more  # type: ignore[return-value]


def test_a_no_for_one_purpose_denies_that_purpose_alone() -> None:
    known = person(consent_ledger=[word(granted=False)])
    refused = decide(known, POLICY, asking("text", "fundraising"), NOON)
    assert (*ruled(refused), refused.evidence) == ("deny", "consent_withdrawn", (Evidence("forms/site", "w1"),))
    assert ruled(decide(known, POLICY, asking("text", "mobilisation"), NOON)) == ("allow", "ok")
    assert ruled(decide(known, POLICY, asking("email", "fundraising"), NOON)) == ("allow", "ok")
    assert channel_denial(known, channel_rules(POLICY), "text", NOON) is None


@pytest.mark.parametrize(
    ("purpose", "closed"),
    [
        *[("newsletter", True), ("Fund_raising", True), ("collecte", True), ("fundraising-2026", True)],
        *[
            ("Fundraising", False),
            ("mobilization", False),
            ("online_ads", False),
            ("Online_Ads", False),
            ("automatic_calls", True),
        ],
    ],
)
def test_a_no_for_a_purpose_that_nobody_asks_for_closes_the_channel(purpose: str, closed: bool) -> None:
    """Else it would bind nobody. A yes for it opens nothing, neither the channel nor what needs consent."""
    no = said("consent.changed", "n", NOON - DAY, channel="text", granted=False, purpose=purpose)
    yes = said("consent.changed", "y", NOON - DAY + 1, channel="text", granted=True, purpose=purpose)
    both = profile_of(no, yes)

    assert (both["consent"], "text" in both["stops"]) == ({"text": False} if closed else {}, closed)
    assert profile_of(yes)["consent"] == {}
    assert [word["purpose"] for word in both["consent_ledger"]] == [purpose] * 2
    answer = ("deny", "consent_withdrawn") if closed else ("allow", "ok")
    known = person(consent=both["consent"], stops=both["stops"], consent_ledger=both["consent_ledger"])
    assert ruled(decide(known, POLICY, asking("text", "informational"), NOON)) == answer
    to_all = said("consent.changed", "z", NOON - DAY + 2, channel="all", granted=True)
    assert profile_of(no, to_all)["consent"]["text"] is True


def test_only_a_later_yes_to_the_purpose_lifts_it() -> None:
    no, yes = word(granted=False, days_ago=2), word(granted=True)
    assert ruled(decide(person(consent_ledger=[no, yes]), POLICY, asking("text"), NOON)) == ("allow", "ok")
    to_the_channel = person(consent_ledger=[no], consent={"text": True})
    assert ruled(decide(to_the_channel, POLICY, asking("text"), NOON)) == ("deny", "consent_withdrawn")
    at_once = person(consent_ledger=[no, word(granted=True, days_ago=2)])
    assert ruled(decide(at_once, POLICY, asking("text"), NOON)) == ("deny", "consent_withdrawn")


@pytest.mark.parametrize(
    ("purpose", "answer"), [("fundraising", ("allow", "ok")), ("mobilisation", ("deny", "no_consent"))]
)
def test_where_consent_is_needed_a_yes_to_the_purpose_is_enough_for_it(
    purpose: Purpose, answer: tuple[str, str]
) -> None:
    known = person(consent_ledger=[word(granted=True)])
    assert ruled(decide(known, STRICT, asking("text", purpose), NOON)) == answer


PROVEN = {"proof": "scan:1", "controller": "list-2026", "basis": "consent"}


@pytest.mark.parametrize(
    ("rule", "lacking"),
    [
        ({"needs_proof": True}, {"controller": "list-2026", "basis": "consent"}),
        ({"controller": "list-2026"}, {**PROVEN, "controller": "list-2020"}),
        ({"bases": ["consent"]}, {**PROVEN, "basis": "legitimate_interest"}),
        ({"bases": ["consent"]}, {"proof": "scan:1"}),
    ],
)
def test_a_yes_that_lacks_what_the_policy_asks_for_is_no_consent_and_is_the_evidence(
    rule: dict[str, object], lacking: dict[str, str]
) -> None:
    strict = policy(unknown__text="allow", closures__needs_consent=["text"], closures__consent=rule)
    refused = decide(person(consent_ledger=[word(granted=True, days_ago=1, **lacking)]), strict, asking("text"), NOON)
    assert (*ruled(refused), refused.evidence) == ("deny", "no_consent", (Evidence("forms/site", "w1"),))
    proven = person(consent_ledger=[word(granted=True, days_ago=1, **PROVEN)])
    assert ruled(decide(proven, strict, asking("text"), NOON)) == ("allow", "ok")


def test_rules_of_consent_for_a_channel_that_needs_none_are_a_mistake_in_the_file() -> None:
    text = default_policy_text().replace(
        "[closures.also_closes]", '[closures.consent]\nfor_purpose = ["text"]\n\n[closures.also_closes]'
    )
    found = read_policy(text)
    assert isinstance(found, FileMistakes)
    assert "name it in closures.needs_consent" in str(found)


@pytest.mark.parametrize("scope", [{"list_id": "news"}, {"sender": "62012"}, {"purpose": "online_ads"}])
def test_what_is_said_of_a_list_a_sender_or_another_purpose_is_no_word_on_this_one(scope: dict[str, str]) -> None:
    known = person(consent_ledger=[word(granted=True, days_ago=1, **scope)])
    assert ruled(decide(known, STRICT, asking("text"), NOON)) == ("deny", "no_consent")
    known = person(consent_ledger=[word(granted=False, days_ago=1, **scope)])
    assert ruled(decide(known, POLICY, asking("text"), NOON)) == ("allow", "ok")


# Who is not asked to vote, and who is not asked for money.
CURRENT_ELECTIONS = policy(elections__current=["2026-general", "2026-primary"])


def supporting(support: int | None) -> Any:
    by = None if support is None else {"source": "field/van", "id": "r1"}
    return person(canvass=person()["canvass"] | {"support": support, "support_by": by})


@pytest.mark.parametrize(
    ("support", "decision"), [(1, "allow"), (3, "allow"), (4, "deny"), (5, "deny"), (None, "allow")]
)
def test_who_is_opposed_is_not_mobilised(support: int | None, decision: str) -> None:
    assert decide(supporting(support), CURRENT_ELECTIONS, asking("door", "mobilisation"), NOON).decision == decision
    assert decide(supporting(support), CURRENT_ELECTIONS, asking("door", "fundraising"), NOON).decision == "allow"


def test_the_report_is_the_evidence() -> None:
    decision = decide(supporting(5), CURRENT_ELECTIONS, asking("door", "mobilisation"), NOON)
    assert (*ruled(decision), decision.evidence) == ("deny", "opposed", (Evidence("field/van", "r1"),))


def voting(**ballots: str) -> Any:
    said = {"at": "2026-02-01T00:00:00.000Z", "source": "county/av", "id": "b1"}
    return person(ballot={name.replace("_", "-"): {"status": status, **said} for name, status in ballots.items()})


def test_who_has_voted_is_not_asked_to_vote() -> None:
    known = voting(**{"2026_general": "voted"})
    for request in (asking("door", "mobilisation"), asking("door", "mobilisation", election="2026-general")):
        decision = decide(known, CURRENT_ELECTIONS, request, NOON)
        assert (*ruled(decision), decision.evidence) == ("deny", "voted", (Evidence("county/av", "b1"),))
    other = asking("door", "mobilisation", election="2026-primary")
    assert decide(known, CURRENT_ELECTIONS, other, NOON).decision == "allow"
    assert decide(known, CURRENT_ELECTIONS, asking("door", "fundraising"), NOON).decision == "allow"


def test_an_election_that_is_over_counts_only_where_it_is_named() -> None:
    known = voting(e2012="voted")
    assert decide(known, CURRENT_ELECTIONS, asking("door", "mobilisation"), NOON).decision == "allow"
    assert decide(known, CURRENT_ELECTIONS, asking("door", "mobilisation", election="e2012"), NOON).reason == "voted"


@pytest.mark.parametrize("status", ["requested", "sent", "returned", "rejected", "cured"])
def test_a_ballot_in_any_other_state_may_be_asked_about(status: str) -> None:
    known = voting(e2026=status)
    assert decide(known, CURRENT_ELECTIONS, asking("door", "mobilisation", election="e2026"), NOON).decision == "allow"


LIMITS = {"C1": {"2026-general": {"USD": 350000}, "any": {"USD": 100}}, "any": {"any": {"USD": 500000}}}
GIVING = policy(giving__limits=LIMITS, elections__current=["2026-general", "2026-primary"])


def giving(committee: str, **elections: int) -> Any:
    given = {name.replace("_", "-").removeprefix("e"): {"USD": net} for name, net in elections.items()}
    total = {"net": {"USD": sum(elections.values())}, "last_at": None, "elections": given}
    return person(donations=person()["donations"] | {"by_committee": {committee: total}})


@pytest.mark.parametrize(("net", "decision"), [(349_999, "allow"), (350_000, "deny"), (350_001, "deny")])
def test_who_has_given_all_that_may_be_given_is_asked_for_no_more(net: int, decision: str) -> None:
    request = asking(committee="C1", election="2026-general")
    assert decide(giving("C1", e2026_general=net), GIVING, request, NOON).decision == decision


def test_the_limit_is_of_one_committee_and_one_election() -> None:
    known = giving("C1", e2026_general=350_000)
    assert ruled(decide(known, GIVING, asking(committee="C1"), NOON)) == ("deny", "maxed_out")
    assert decide(known, GIVING, asking(committee="C2", election="2026-general"), NOON).decision == "allow"
    assert decide(known, GIVING, asking(committee="C1", election="2026-primary"), NOON).decision == "allow"
    assert decide(known, GIVING, asking(purpose="mobilisation", committee="C1"), NOON).decision == "allow"


def test_what_a_request_does_not_name_may_be_each() -> None:
    known = giving("C9", e2026_primary=500_000)
    assert decide(known, GIVING, asking(), NOON).reason == "maxed_out"
    assert decide(giving("C9", e2012_general=500_000), GIVING, asking(), NOON).decision == "allow"
    no_end = policy(giving__limits=LIMITS)
    assert decide(giving("C9", e2012_general=500_000), no_end, asking(), NOON).reason == "maxed_out"


def test_a_limit_in_one_currency_says_nothing_of_another_and_no_limit_denies_nobody() -> None:
    euros = policy(giving__limits={"any": {"any": {"EUR": 1}}})
    assert decide(giving("C1", e2026_general=10**9), euros, asking(), NOON).decision == "allow"
    assert decide(giving("C1", e2026_general=10**9), default(), asking(), NOON).decision == "allow"
