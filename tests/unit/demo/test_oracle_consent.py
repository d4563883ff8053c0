"""The oracle on consent and suppressions, worked out by hand from the contract."""

import pytest

from streams.demo.oracle import recount
from streams.demo.truth import Fields, Sent
from tests.unit.demo.of_ann import at, gift, of_ann, part, retract, sent


def consent(time: str, channel: str, granted: bool, **extra: str) -> Sent:
    fields: Fields = {"channel": channel, "granted": granted}
    if "list_id" in extra:
        fields["list_id"] = extra["list_id"]
    if "sender" in extra:
        fields["sender"] = extra["sender"]
    return sent("consent.changed", time, fields)


def known(*these: Sent) -> list[str]:
    return list(recount(these, lambda contact: contact["external"]["fec"]))


UNSUBSCRIBED, COMPLAINED, STOP = "email.unsubscribed", "email.complained", "text.opted_out"


def test_a_suppression_is_neither_in_counts_nor_in_first_and_last_seen() -> None:
    profile = of_ann(sent("rsvp.made", "20T10"), sent("contact.suppressed", "22T10"))
    assert (profile["counts"], profile["last_seen"]) == ({"rsvp.made": 1}, at("20T10"))


def test_a_person_with_nothing_but_a_suppression_has_a_profile_until_it_is_retracted() -> None:
    stop, given = sent("contact.suppressed", "22T10", id="s"), gift("20T10", "1", 9, id="g")
    profile, empty = of_ann(stop), of_ann(retract("nothing"))
    why = {"reason": "suppressed", "at": at("22T10"), "source": "app", "id": "s"}
    assert profile == empty | {"stops": {"all": why, "senders": {}, "lists": {}}}
    assert known(stop, retract("s")) == known(retract("s"), stop) == []
    assert known(stop, retract("s"), sent("contact.suppressed", "23T10")) == ["ann"]
    assert known(stop, retract("s"), given, retract("g")) == ["ann"]
    assert known(sent("contact.linked", "22T10")) == []


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([sent(UNSUBSCRIBED, "20T10")], {"email": False}),
        ([sent(COMPLAINED, "20T10")], {"email": False}),
        ([sent(STOP, "20T10")], {"text": False}),
        ([consent("20T10", "door", True)], {"door": True}),
        ([sent(UNSUBSCRIBED, "20T10"), consent("21T10", "email", True)], {"email": True}),
        ([consent("21T10", "email", True), sent(UNSUBSCRIBED, "20T10")], {"email": True}),
        ([sent(STOP, "20T10"), consent("21T10", "text", True)], {"text": True}),
        ([sent(COMPLAINED, "20T10"), consent("21T10", "email", True)], {"email": False}),
        ([consent("20T10", "email", True), sent(UNSUBSCRIBED, "20T10")], {"email": False}),
        ([consent("20T10", "text", False), consent("20T10", "text", True)], {"text": False}),
        (
            [consent("20T10", "all", False), consent("21T10", "phone", True)],
            {"email": False, "text": False, "phone": True, "door": False, "letter": False},
        ),
        ([sent(UNSUBSCRIBED, "20T10", {"list_id": "news"})], {}),
        ([sent(COMPLAINED, "20T10", {"list_id": "news"}), consent("21T10", "email", True)], {"email": True}),
        ([sent(STOP, "20T10", {"sender": "62012"})], {}),
        ([consent("20T10", "email", False, list_id="news"), consent("20T10", "text", False, sender="62012")], {}),
    ],
)
def test_consent_is_the_latest_word_on_each_channel(told: list[Sent], expected: dict[str, bool]) -> None:
    profile = of_ann(*told)
    assert profile["consent"] == expected
    assert part("email", *told)["subscribed"] is expected.get("email", True)


def test_the_ledger_is_every_word_that_counts_with_its_terms() -> None:
    terms: Fields = {"channel": "text", "granted": True, "purpose": "fundraising", "wording": "v2", "basis": "she said"}
    yes = sent("consent.changed", "21T10", terms, id="y")
    no = sent(UNSUBSCRIBED, "20T10", {"list_id": "news"}, id="n")
    shown = of_ann(yes, no)
    of_app = {"source": "app"}
    assert shown["consent_ledger"] == [
        {"type": UNSUBSCRIBED, "channel": "email", "granted": False, "at": at("20T10"), "id": "n", "list_id": "news"}
        | of_app,
        {"type": "consent.changed", "channel": "text", "granted": True, "at": at("21T10"), "id": "y"}
        | {"purpose": "fundraising", "wording": "v2"}
        | of_app,
    ]
    assert (shown["consent"], "consent_ledger" in of_ann(yes, retract("y"))) == ({}, False)
