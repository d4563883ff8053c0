"""What a policy requires to be known of a person, by channel, purpose and kind of call."""

from typing import Any

import pytest
from pydantic import ValidationError

from events.channels import Channel
from events.json_types import JSON
from events.outputs import ConsentWord, ContactProfile, ProvenanceItem
from events.times import render_time
from streams.domain.pressure import Policy, answer, decide, default_policy, prepare, read_policy
from streams.domain.pressure.asking import Evidence
from streams.domain.pressure.closures import channel_denial, channel_rules
from streams.domain.pressure.notices import notice_of
from streams.domain.pressure.policy_conditions import PolicyCondition
from streams.domain.pressure.policy_files import policy_text
from streams.domain.pressure.policy_remarks import policy_remarks
from tests.unit.domain.contact.said import profile_of, said
from tests.unit.domain.pressure.people import (
    DAY,
    EMAIL,
    HOUR,
    NOON,
    PHONE,
    address,
    asking,
    person,
    policy,
    ruled,
    touch,
    unlimited,
)

ALLOWED = ("allow", "ok")
CALLS = {"channel": "phone", "automatic": True, "require": "consent", "consent_to": "automatic_calls"}
APPEALS = {"channel": "email", "purposes": ["fundraising"], "require": "consent"}
ORIGIN = {"channel": "phone", "require": "provenance", "sources": ["self", "canvass"]}
USUAL_WITHIN = f"{PolicyCondition.model_fields['within'].default // DAY}d"
"""A condition that is given the usual time is given one all the same."""


def yes(channel: str, **more: str) -> ConsentWord:
    said = {"type": "consent.changed", "channel": channel, "granted": True, "at": render_time(NOON - DAY)}
    return said | {"source": "forms/site", "id": "y"} | more  # type: ignore[return-value]


def origin(kind: str, *refs: str) -> ProvenanceItem:
    at = render_time(NOON - DAY)
    said: dict[str, Any] = {"kind": kind, "first_at": at, "last_at": at, "count": 1, "source": "lists/a", "id": kind}
    return said | {"addresses": [{"ref": ref, "channel": "phone"} for ref in refs]}  # type: ignore[return-value]


def ruling(*conditions: dict[str, Any], **more: Any) -> Any:
    return unlimited(unknown__phone="allow", conditions=list(conditions), **more)


def test_a_call_of_a_machine_needs_a_yes_to_just_that_and_somebodys_own_does_not() -> None:
    rules, agreed = ruling(CALLS), person(consent_ledger=[yes("phone", purpose="automatic_calls")])
    whole = person(consent_ledger=[yes("phone")], consent={"phone": True})
    assert ruled(decide(agreed, rules, asking("phone", automatic=True), NOON)) == ALLOWED
    assert ruled(decide(whole, rules, asking("phone", automatic=True), NOON)) == ("deny", "no_consent")
    assert ruled(decide(whole, rules, asking("phone", automatic=False), NOON)) == ALLOWED


@pytest.mark.parametrize("automatic", [None, True, False])
@pytest.mark.parametrize("rules", [unlimited(unknown__phone="allow"), ruling(CALLS)], ids=["none", "machines"])
def test_a_no_to_machines_closes_the_phone_as_it_always_did(automatic: bool | None, rules: Policy) -> None:
    no = said("consent.changed", "n", NOON - DAY, channel="phone", granted=False, purpose="automatic_calls")
    told = profile_of(no)
    known = person(consent=told["consent"], stops=told["stops"], consent_ledger=told["consent_ledger"])
    assert set(told["stops"]) == {"phone", "senders", "lists"}
    asked = asking("phone", automatic=automatic)
    assert ruled(decide(known, rules, asked, NOON)) == ("deny", "consent_withdrawn")


def test_a_later_yes_to_the_phone_opens_it_for_people_and_not_for_machines() -> None:
    """Nor for a receipt that one reads out. Where no policy knows of machines, who does not say is a person."""
    no = said("consent.changed", "n", NOON - 2 * DAY, channel="phone", granted=False, purpose="automatic_calls")
    told = profile_of(no, said("consent.changed", "y", NOON - DAY, channel="phone", granted=True))
    known = person(consent=told["consent"], stops=told["stops"], consent_ledger=told["consent_ledger"])
    without = unlimited(unknown__phone="allow", transactional__teams=["digital"])
    conditions = ruling(CALLS, transactional__teams=["digital"])
    refused = ("deny", "consent_withdrawn")
    for rules in (without, conditions):
        assert ruled(decide(known, rules, asking("phone", automatic=True), NOON)) == refused
        assert ruled(decide(known, rules, asking("phone", automatic=False), NOON)) == ALLOWED
        receipt = asking("phone", "transactional", automatic=True)
        assert ruled(decide(known, rules, receipt, NOON)) == refused
    assert ruled(decide(known, conditions, asking("phone", "transactional"), NOON)) == refused
    assert ruled(decide(known, without, asking("phone"), NOON)) == ALLOWED


NOTICE = {"channel": "phone", "require": "notice"}


def given_notice(item: ProvenanceItem, **more: str) -> ProvenanceItem:
    return item | {"notice": "art14/v1", "id": "n"} | more  # type: ignore[return-value]


def got(kind: str, days: int, **more: str) -> ProvenanceItem:
    at = render_time(NOON - days * DAY)
    return origin(kind, PHONE) | {"first_at": at, "last_at": at} | more  # type: ignore[return-value]


def test_whose_data_came_from_elsewhere_is_told_so_within_a_month() -> None:
    rules = ruling(NOTICE)
    for days, expected in ((27, ALLOWED), (28, ("deny", "no_notice"))):
        found = decide(person(provenance=[got("rented", days)]), rules, asking("phone"), NOON)
        assert ruled(found) == expected
    late = decide(person(provenance=[got("rented", 31)]), rules, asking("phone"), NOON)
    assert late.evidence == (Evidence("lists/a", "rented"),)
    told = person(provenance=[got("rented", 31), given_notice(got("rented", 2))])
    assert ruled(decide(told, rules, asking("phone"), NOON)) == ALLOWED
    assert ruled(decide(person(), rules, asking("phone"), NOON)) == ALLOWED
    assert ruled(decide(None, rules, asking("phone"), NOON)) == ALLOWED
    assert ruled(decide(person(provenance=[got("self", 90)]), rules, asking("phone"), NOON)) == ALLOWED


def test_an_allow_says_that_a_notice_is_due_where_the_policy_asks_for_one() -> None:
    rules, fresh = ruling(NOTICE), person(provenance=[got("rented", 2)])
    assert decide(fresh, rules, asking("phone"), NOON).notice_due
    assert not decide(fresh, ruling(ORIGIN | {"sources": ["rented"]}), asking("phone"), NOON).notice_due
    told = person(provenance=[got("rented", 2), given_notice(got("rented", 1))])
    assert not decide(told, rules, asking("phone"), NOON).notice_due
    assert not decide(person(provenance=[got("rented", 31)]), rules, asking("phone"), NOON).notice_due
    assert not decide(person(), rules, asking("phone"), NOON).notice_due


def test_a_notice_counts_for_its_own_source_and_once_it_has_been_given() -> None:
    rules, refused = ruling(NOTICE), ("deny", "no_notice")
    elsewhere = person(provenance=[got("rented", 31, file="a"), given_notice(got("rented", 2, file="b"))])
    assert ruled(decide(elsewhere, rules, asking("phone"), NOON)) == refused
    tomorrow = render_time(NOON + DAY)
    announced = person(provenance=[got("rented", 31), given_notice(got("rented", 2), notice_at=tomorrow)])
    assert ruled(decide(announced, rules, asking("phone"), NOON)) == refused
    long_ago = person(provenance=[got("vendor", 2, obtained_at=render_time(NOON - 40 * DAY))])
    assert ruled(decide(long_ago, rules, asking("phone"), NOON)) == refused


@pytest.mark.parametrize("channel", ["email", "phone"])
def test_a_first_contact_without_a_notice_ends_the_time_for_it(channel: Channel) -> None:
    """GDPR, article 14 (3) (b): at the latest with the first contact, on whatever channel."""
    rules, fresh = ruling(NOTICE), got("rented", 20)
    reached = person(touches=[touch(NOON - 3 * DAY, channel)], provenance=[fresh])
    found = decide(reached, rules, asking("phone"), NOON)
    assert (ruled(found), found.evidence) == (("deny", "no_notice"), (Evidence("lists/a", "rented"),))
    told = person(touches=reached["touches"], provenance=[fresh, given_notice(got("rented", 2))])
    assert ruled(decide(told, rules, asking("phone"), NOON)) == ALLOWED
    assert not decide(told, rules, asking("phone"), NOON).notice_due
    before = person(touches=[touch(NOON - 20 * DAY, channel)], provenance=[fresh])
    assert decide(before, rules, asking("phone"), NOON).notice_due
    receipt = person(touches=[touch(NOON - 3 * DAY, "email", "transactional")], provenance=[fresh])
    assert decide(receipt, rules, asking("phone"), NOON).notice_due


def rows(*told: tuple[int, dict[str, JSON]]) -> ContactProfile:
    """Somebody of whom interactions said so, so many days before now, where they come from."""
    heard = (
        said("provenance.reported", f"r{number}", NOON - days * DAY, provenance={"kind": "vendor", **more})
        for number, (days, more) in enumerate(told)
    )
    return person(provenance=profile_of(*heard)["provenance"])


TOLD: dict[str, JSON] = {"notice": "art14/v1", "notice_by": "letter"}


def test_a_row_that_comes_after_a_notice_asks_for_another_one_though_it_says_the_same() -> None:
    """The next list of the same supplier, or the next delivery of the same file."""
    rules, refused = ruling(NOTICE), ("deny", "no_notice")
    fresh = rows((740, {}), (739, TOLD), (10, {}))
    found = decide(fresh, rules, asking("phone"), NOON)
    assert (ruled(found), found.notice_due) == (ALLOWED, True)
    late = decide(fresh, rules, asking("phone"), NOON + 18 * DAY)
    assert (ruled(late), late.evidence) == (refused, (Evidence("team/a", "r2"),))
    told = rows((740, {}), (739, TOLD), (10, {}), (9, TOLD))
    assert not decide(told, rules, asking("phone"), NOON).notice_due
    assert ruled(decide(told, rules, asking("phone"), NOON + 18 * DAY)) == ALLOWED


def test_rows_that_come_again_and_again_put_no_notice_off() -> None:
    """The time for it begins with the first of those that came after the last notice, and ends with a contact."""
    rules, refused = ruling(NOTICE), ("deny", "no_notice")
    known = rows((740, {}), (739, TOLD), (40, {}), (20, {}), (1, {}))
    found = decide(known, rules, asking("phone"), NOON)
    assert (ruled(found), found.evidence) == (refused, (Evidence("team/a", "r2"),))
    reached = rows((740, {}), (739, TOLD), (10, {}), (1, {}))
    reached["touches"].append(touch(NOON - 5 * DAY, "letter"))
    assert ruled(decide(reached, rules, asking("phone"), NOON)) == refused


def test_an_entry_of_a_profile_that_was_written_before_is_asked_of_by_its_last_row() -> None:
    """As long as nothing new is heard of a person, the profile is as an earlier version wrote it."""
    summed = got("vendor", 740, last_at=render_time(NOON - 10 * DAY))
    known = person(provenance=[summed, given_notice(got("vendor", 739))])
    assert decide(known, ruling(NOTICE), asking("phone"), NOON).notice_due
    assert ruled(decide(known, ruling(NOTICE), asking("phone"), NOON + 18 * DAY)) == ("deny", "no_notice")


def test_the_notice_that_is_told_is_one_that_counts() -> None:
    """A person is not written that they were told, where nobody may reach them since they were not."""
    early = given_notice(got("sponsorship", 30), obtained_at=render_time(NOON - 30 * DAY))
    early["notice_at"] = render_time(NOON - 37 * DAY)
    known = person(provenance=[early])
    assert ruled(decide(known, ruling(NOTICE), asking("phone"), NOON)) == ("deny", "no_notice")
    assert notice_of(known, early) is None
    later = given_notice(got("sponsorship", 20), id="later")
    assert notice_of(person(provenance=[early, later]), early) == (later, NOON - 20 * DAY)
    again = given_notice(got("rented", 30), last_at=render_time(NOON - 5 * DAY))
    row = got("rented", 10)
    assert notice_of(person(provenance=[again, row]), row) == (again, NOON - 5 * DAY)
    assert notice_of(person(provenance=[again, row]), again) == (again, NOON - 30 * DAY)


def test_a_date_that_lies_ahead_puts_no_notice_off() -> None:
    slip = got("rented", 31, obtained_at="2062-01-01T00:00:00Z")
    found = decide(person(provenance=[slip]), ruling(NOTICE), asking("phone"), NOON)
    assert ruled(found) == ("deny", "no_notice")
    fresh = got("rented", 1, obtained_at="2062-01-01T00:00:00Z")
    assert decide(person(provenance=[fresh]), ruling(NOTICE), asking("phone"), NOON).notice_due


def test_of_a_source_that_makes_nobody_reachable_no_notice_is_asked() -> None:
    """A no from a refused file passes, and the notice that would mend it could not."""
    walled = unlimited(unknown__sources=["petition"], conditions=[NOTICE, {**NOTICE, "channel": "door"}])
    no = got("petition", 40, file="p1")
    form = got("self", 50)
    for channel in ("phone", "door"):
        found = decide(person(provenance=[no, form]), walled, asking(channel), NOON)
        assert (ruled(found), found.notice_due) == (ALLOWED, False)
        both = person(provenance=[no, form, got("vendor", 40)])
        assert ruled(decide(both, walled, asking(channel), NOON)) == ("deny", "no_notice")


def test_who_is_reached_by_such_a_source_is_told_all_the_same() -> None:
    open_door = unlimited(
        unknown__sources=["petition"], unknown__phone="allow", unknown__door="allow",
        conditions=[NOTICE, {**NOTICE, "channel": "door"}],
    )  # fmt: skip
    no, refused = got("petition", 40, file="p1"), ("deny", "no_notice")
    assert ruled(decide(person(provenance=[no]), open_door, asking("door"), NOON)) == refused
    assert (
        ruled(decide(person(provenance=[no, got("self", 50) | {"addresses": []}]), open_door, asking("phone"), NOON))
        == refused
    )


def test_a_policy_without_a_time_for_notices_has_the_version_that_it_had() -> None:
    said = ruling(ORIGIN).model_dump(mode="json")["conditions"]
    assert "within" not in said[0]
    assert ruling(NOTICE).version == ruling({**NOTICE, "within": "28d"}).version
    assert ruling(NOTICE).version != ruling({**NOTICE, "within": "7d"}).version
    again = read_policy(policy_text(ruling({**NOTICE, "within": "7d"}, APPEALS)))
    assert isinstance(again, Policy)
    assert again.version == ruling({**NOTICE, "within": "7d"}, APPEALS).version


def test_what_counts_is_where_the_address_comes_from_that_is_judged() -> None:
    rules = ruling(ORIGIN)
    rented = decide(person(provenance=[origin("rented", PHONE)]), rules, asking("phone"), NOON)
    assert (*ruled(rented), rented.evidence) == ("deny", "no_provenance", (Evidence("lists/a", "rented"),))
    elsewhere = person(provenance=[origin("self", EMAIL), origin("rented", PHONE)])
    assert ruled(decide(elsewhere, rules, asking("phone"), NOON)) == ("deny", "no_provenance")
    both = person(provenance=[origin("rented", PHONE), origin("self", PHONE)])
    assert ruled(decide(both, rules, asking("phone"), NOON)) == ALLOWED
    assert ruled(decide(person(), rules, asking("phone"), NOON)) == ("deny", "no_provenance")


def test_who_is_not_asked_by_a_number_is_called_by_one_that_says_where_it_comes_from() -> None:
    rules, other, worse = ruling(ORIGIN), "g" * 16, "h" * 16
    numbers = [address(ref, "phone") for ref in (PHONE, other)] + [address(worse, "phone", "soft_bouncing")]
    for named in (PHONE, other):
        known = person(addresses=numbers, provenance=[origin("self", named)])
        found = decide(known, rules, asking("phone"), NOON)
        assert (*ruled(found), found.ref) == (*ALLOWED, named)
    assert ruled(decide(known, rules, asking("phone", ref=PHONE), NOON)) == ("deny", "no_provenance")
    known = person(addresses=numbers, provenance=[origin("self", worse)])
    found = decide(known, rules, asking("phone"), NOON)
    assert (*ruled(found), found.ref) == ("deny", "no_provenance", PHONE)


def test_one_number_under_two_keys_comes_from_where_either_of_its_refs_does() -> None:
    old, new = "a" * 16, "z" * 16
    known = person(addresses=[address(old, "phone"), address(new, "phone")], provenance=[origin("self", old)])
    question = prepare(ruling(ORIGIN), asking("phone"), NOON)
    assert ruled(answer(question, known, refs=[new, old])) == ALLOWED
    assert ruled(answer(question, known, refs=[new])) == ("deny", "no_provenance")


def test_what_is_left_of_a_source_that_was_forgotten_is_no_source_and_needs_no_notice() -> None:
    left = person(provenance=[origin("forgotten")])
    rules = ruling({"channel": "door", "require": "provenance"})
    assert ruled(decide(left, rules, asking("door"), NOON)) == ("deny", "no_provenance")
    noticed = ruling({"channel": "door", "require": "notice"})
    assert ruled(decide(left, noticed, asking("door"), NOON + 90 * DAY)) == ALLOWED


def test_a_stranger_meets_no_condition() -> None:
    assert ruled(decide(None, ruling(ORIGIN), asking("phone"), NOON)) == ("deny", "no_provenance")
    assert ruled(decide(None, ruling(CALLS), asking("phone", automatic=True), NOON)) == ("deny", "no_consent")


def refused(*refs: tuple[str, Channel]) -> ProvenanceItem:
    """Where a no comes from that passed the wall."""
    item = origin("petition")
    item["addresses"] = [{"ref": ref, "channel": channel} for ref, channel in refs]
    return item


BEHIND_THE_WALL: Any = {
    "unknown__sources": ["petition", "staff"],
    **{f"unknown__{channel}": "deny" for channel in ("email", "text", "phone", "door")},
}


def test_who_is_known_by_a_refused_file_alone_is_not_known() -> None:
    """Its no binds; but it makes nobody reachable, by whatever it named."""
    rules = unlimited(**BEHIND_THE_WALL)
    known = person(provenance=[refused((EMAIL, "email"), (PHONE, "phone"))], counts={"consent.changed": 1})
    for channel in ("email", "text", "phone", "door"):
        found = decide(known, rules, asking(channel), NOON)
        assert ruled(found) == ("deny", "unknown_contact"), channel
    assert ruled(decide(known, unlimited(), asking("email"), NOON)) == ALLOWED


def test_an_address_that_only_a_refused_file_named_is_not_known() -> None:
    """Also under a former key of its hash; another one of the person's is the one to write to."""
    other = address("0" * 16, "email")
    given = origin("self")
    given["addresses"] = [{"ref": "0" * 16, "channel": "email"}]
    known = person(addresses=[*person()["addresses"], other], counts={"consent.changed": 1, "donation.made": 1})
    for named in (EMAIL, "9" * 16):
        shown: Any = {**known, "provenance": [refused((named, "email"), (PHONE, "phone")), given]}
        rules = unlimited(**BEHIND_THE_WALL)
        assert ruled(decide(shown, rules, asking("email", ref=EMAIL), NOON)) == ("deny", "unknown_address")
        found = decide(shown, rules, asking("email"), NOON)
        assert (*ruled(found), found.ref) == (*ALLOWED, "0" * 16)
        assert ruled(decide(shown, rules, asking("phone"), NOON)) == ("deny", "unknown_address")
        assert channel_denial(shown, channel_rules(rules), "email", NOON) is None
        closed = channel_denial(shown, channel_rules(rules), "phone", NOON)
        assert closed is not None
        assert closed.reason == "unknown_address"


def test_what_a_refused_file_says_of_an_address_closes_it_still() -> None:
    gone = [address(PHONE, "phone", "wrong_number")]
    known = person(addresses=gone, provenance=[refused((PHONE, "phone"))], counts={"canvass.reported": 1})
    assert ruled(decide(known, unlimited(**BEHIND_THE_WALL), asking("phone"), NOON)) == ("deny", "wrong_number")


@pytest.mark.parametrize("regime", ["fr", "eu"])
@pytest.mark.parametrize(
    ("type_", "more"),
    [
        ("consent.changed", {"channel": "email", "granted": False}),
        ("consent.changed", {"channel": "all", "granted": False, "purpose": "fundraising"}),
        ("canvass.reported", {"method": "door", "outcome": "refused"}),
        ("canvass.reported", {"method": "phone", "outcome": "disconnected"}),
        ("canvass.reported", {"method": "phone", "outcome": "wrong_number"}),
    ],
)
@pytest.mark.parametrize("kind", ["petition", "staff", "civic_register"])
def test_a_no_from_a_refused_file_makes_nobody_reachable(regime: Any, type_: str, more: Any, kind: str) -> None:
    rules = default_policy(regime)
    told = profile_of(said(type_, "n", NOON - 20 * DAY, provenance={"kind": kind}, **more))
    told["zones"] = {"time_zone": "Europe/Paris", "region": None, "postal_code": None}
    told["addresses"] = person()["addresses"]
    told["provenance"][0]["addresses"] = refused((EMAIL, "email"), (PHONE, "phone"))["addresses"]
    for asked in (asking("phone", automatic=False), asking("email", "informational"), asking("email", "mobilisation")):
        assert decide(told, rules, asked, NOON - 2 * HOUR).decision == "deny"


@pytest.mark.parametrize("regime", ["fr", "eu"])
@pytest.mark.parametrize("kind", ["petition", "staff", "civic_register"])
def test_a_number_from_a_file_for_another_purpose_is_not_called_under_european_regimes(regime: Any, kind: str) -> None:
    """Nor what was taken before its kind was refused."""
    there = {"time_zone": "Europe/Paris", "region": None, "postal_code": None}
    known = person(zones=there, provenance=[origin(kind, PHONE), origin("self")], counts={"form.submitted": 9})
    asked = asking("phone", automatic=False)
    assert ruled(decide(known, default_policy(regime), asked, NOON - 2 * HOUR)) == ("deny", "no_provenance")


def test_transactional_messages_skip_conditions() -> None:
    rules = ruling({"channel": "email", "require": "provenance"}, transactional__teams=["digital"])
    assert ruled(decide(person(), rules, asking("email", "transactional"), NOON)) == ("allow", "transactional")


def test_conditions_close_no_channel_to_everybody() -> None:
    assert channel_denial(person(), channel_rules(ruling(ORIGIN, CALLS)), "phone", NOON) is None


@pytest.mark.parametrize(
    ("absent", "there"),
    [
        ({"conditions": []}, {"conditions": [ORIGIN]}),
        ({"unknown__sources": []}, {"unknown__sources": ["staff"]}),
        ({"closures__consent": {}}, {"closures__consent": {"needs_proof": True}}),
    ],
)
def test_a_policy_that_says_nothing_of_what_came_later_has_the_version_that_it_had(absent: Any, there: Any) -> None:
    assert policy(**absent).version == policy().version != policy(**there).version
    assert "conditions" not in policy().model_dump()


@pytest.mark.parametrize(
    ("condition", "cure"),
    [
        ({**CALLS, "channel": "email"}, "take automatic out"),
        ({**APPEALS, "sources": ["self"]}, 'require = "provenance"'),
        ({**APPEALS, "within": "7d"}, 'require = "notice"'),
        ({**APPEALS, "within": USUAL_WITHIN}, 'require = "notice"'),
        ({"channel": "phone", "require": "notice", "within": "29d"}, "told within a month"),
        ({"channel": "phone", "require": "notice", "sources": ["self"]}, 'require = "provenance"'),
        ({"channel": "phone", "require": "notice", "bases": ["consent"]}, 'require = "consent"'),
        ({**ORIGIN, "bases": ["consent"]}, 'require = "consent"'),
        ({"channel": "email", "require": "consent"}, "name the channel in closures.needs_consent instead"),
        ({**ORIGIN, "sources": ["census"]}, "sources"),
        ({**APPEALS, "purposes": ["transactional"]}, "purposes"),
        ({**CALLS, "consent_to": ""}, "consent_to"),
        ({**CALLS, "consent_to": "automatic calls!"}, "give a word as producers send it"),
        ({**APPEALS, "bases": [""]}, "bases"),
    ],
)
def test_a_condition_that_contradicts_itself_is_a_mistake_with_a_cure(condition: dict[str, Any], cure: str) -> None:
    with pytest.raises(ValidationError, match=cure):
        ruling(condition)


@pytest.mark.parametrize("said", [{"bases": ["a basis"]}, {"controller": ""}, {"controller": "Parti Martin"}])
def test_rules_of_before_that_no_producer_can_meet_hold_as_they_did(said: dict[str, Any]) -> None:
    """A file of before is no broken one; a yes that names no controller is one to the campaign's, whatever its name."""
    rules = unlimited(closures__needs_consent=["email"], closures__consent=said)
    unnamed = person(consent_ledger=[yes("email")], consent={"email": True})
    named = person(consent_ledger=[yes("email", controller="other")], consent={"email": True})
    refused = ("deny", "no_consent")
    assert ruled(decide(unnamed, rules, asking("email"), NOON)) == (refused if "bases" in said else ALLOWED)
    assert ruled(decide(named, rules, asking("email"), NOON)) == refused
    (remark,) = policy_remarks(rules)
    assert remark.startswith(f"closures.consent.{next(iter(said))} ")


@pytest.mark.parametrize("word", ["automatic_call", "Automatic_Cals", "fund_raising"])
def test_a_purpose_that_is_spelled_like_one_of_ours_is_remarked(word: str) -> None:
    (remark,) = policy_remarks(ruling(APPEALS, {**CALLS, "consent_to": word}))
    assert remark.startswith(f'conditions.1.consent_to is "{word}"')
    assert "is that the one?" in remark


@pytest.mark.parametrize("word", ["automatic_calls", "Online_Ads", "mobilization", "sms-collecte"])
def test_our_own_purposes_and_a_campaigns_own_are_not_remarked(word: str) -> None:
    assert policy_remarks(ruling({**CALLS, "consent_to": word})) == []
    assert policy_remarks(default_policy()) == policy_remarks(default_policy("fr")) == []


@pytest.mark.parametrize("regime", ["fr", "eu"])
def test_under_european_regimes_texts_appeals_and_machines_need_a_proven_yes(regime: Any) -> None:
    rules = default_policy(regime)
    when = NOON - 2 * 3_600_000  # in the afternoon in Europe, before that in the Azores
    there = {"time_zone": "Europe/Paris", "region": None, "postal_code": None}
    known = {"zones": there, "provenance": [origin("self", PHONE, EMAIL)]}
    proven = {"basis": "consent", "proof": "scan:1"}
    said = [yes("text", **proven), yes("email", **proven), yes("phone", purpose="automatic_calls", **proven)]
    agreed = person(consent_ledger=said, consent={"text": True, "email": True}, **known)
    for asked in (asking("text"), asking("email"), asking("phone", automatic=True)):
        assert ruled(decide(agreed, rules, asked, when)) == ALLOWED
        assert ruled(decide(person(**known), rules, asked, when)) == ("deny", "no_consent")
        unproven = [{**word, "proof": ""} for word in said]
        for word in unproven:
            del word["proof"]
        vague = person(consent_ledger=unproven, consent={"text": True, "email": True}, **known)
        assert ruled(decide(vague, rules, asked, when)) == ("deny", "no_consent")
    assert ruled(decide(person(**known), rules, asking("phone", automatic=False), when)) == ALLOWED
    unknown = person(zones=there)
    assert ruled(decide(unknown, rules, asking("phone", automatic=False), when)) == ("deny", "no_provenance")
