"""Which facts of a person count, which touches there were, and what was known just before each."""

from pathlib import Path

import orjson

from events.harmonised import harmonise
from events.json_types import JSON
from events.refusal import Refusal
from events.times import render_time
from streams.domain.contact.facts.from_records import read_said
from streams.domain.pressure import Policy, default_policy, read_policy
from streams.history.backtest.person_facts import PersonFact, counted_facts
from streams.history.backtest.tally import DAY, OutcomeIndex, combined
from streams.history.backtest.touch_history import AskedTouch, TimeSpan, asked_touches, evidence_of, judge_touches
from tests.unit.events.records import NOW, accepted, event
from tests.unit.worker.agents.contacts.interaction_records import HASHER

HOUR = 3_600_000


class PersonHistory:
    """Facts of a person. Times in hours before NOW, which is 10:00 UTC on a Wednesday."""

    def __init__(self) -> None:
        self.said: list[PersonFact] = []

    def say(self, type_: str, hours: float, id_: str = "", **data: JSON) -> str:
        """Add an interaction; returns its id."""
        at = NOW - round(hours * HOUR)
        content = event(type_, **data) | {"id": id_ or f"i{len(self.said)}", "time": render_time(at)}
        fragment, value = harmonise(accepted(content), HASHER)
        read = read_said(value, NOW + len(self.said))
        assert not isinstance(read, Refusal)
        self.said.append(PersonFact(fragment, *read))
        return str(orjson.loads(value)["id"])


EVERYTHING = TimeSpan()


def asked(told: PersonHistory, span: TimeSpan = EVERYTHING) -> list[AskedTouch]:
    counted = counted_facts(told.said)
    return list(asked_touches("c1", counted, evidence_of(counted), span))


def test_the_known_profile_is_the_one_just_before_the_touch() -> None:
    told = PersonHistory()
    told.say("donation.made", 50)
    told.say("email.sent", 40, message_id="a")
    told.say("email.sent", 30, message_id="b", campaign_id="spring", list_id="l", team="digital", purpose="fundraising")
    told.say("email.unsubscribed", 20)

    first, second = asked(told)

    assert first.known is not None
    assert second.known is not None
    assert (first.known["donations"]["count"], first.known["touches"]) == (1, [])
    assert [touch["id"] for touch in second.known["touches"]] == ["i1"]
    assert second.known["stops"].keys() == {"senders", "lists"}
    assert (second.request.campaign_id, second.request.list_id) == ("spring", "l")
    assert (second.request.team, second.request.purpose, second.request.channel) == ("digital", "fundraising", "email")


def test_nothing_before_an_erasure_is_known_and_a_new_record_has_to_begin() -> None:
    told = PersonHistory()
    told.say("email.sent", 90, message_id="a")
    told.say("contact.erased", 80)
    told.say("email.sent", 70, message_id="b")
    told.say("form.submitted", 60)
    told.say("email.sent", 50, message_id="c")
    told.say("email.sent", 85, message_id="d")

    [send] = asked(told)

    assert send.known is not None
    assert send.known["counts"] == {"form.submitted": 1}


def test_what_had_come_before_an_erasure_is_gone_also_what_happened_after_its_time() -> None:
    told = PersonHistory()
    told.say("form.submitted", 70)
    told.say("email.sent", 60, message_id="a")
    told.say("contact.erased", 80)

    assert asked(told) == []


def test_an_erasure_for_doing_nothing_that_was_in_vain_is_nothing_that_happened() -> None:
    told = PersonHistory()
    told.say("form.submitted", 80)
    told.say("contact.erased_if_inactive", 70, inactive_since="2009-01-01T00:00:00Z")
    told.say("email.sent", 60, message_id="a")

    [send] = asked(told)

    assert send.known is not None
    assert send.known["counts"] == {"form.submitted": 1}


def test_a_disallowed_touch_counts_for_later_ones_unless_it_cascades() -> None:
    told = PersonHistory()
    told.say("donation.made", 100)
    for number in range(4):
        told.say("email.sent", 40 - number * 8, message_id=str(number))
    one_a_day = read_policy(Path(__file__).with_name("policy.toml").read_text("utf-8"))
    assert isinstance(one_a_day, Policy)

    def reasons(*, cascade: bool) -> list[str | None]:
        return [
            None if each is None else each.reason for each in judge_touches(one_a_day, asked(told), cascade=cascade)
        ]

    assert reasons(cascade=False) == ["ok", "cap", "cap", "cap"]
    assert reasons(cascade=True) == ["ok", "cap", "cap", "ok"]


def test_touches_at_times_beyond_a_policys_range_are_not_judged() -> None:
    told = PersonHistory()
    told.say("email.sent", 1)
    [send] = asked(told)
    early = send._replace(touch=type(send.touch)(-62_135_596_800_000, "s", "i", "email"))

    assert list(judge_touches(default_policy(), [early])) == [None]


def test_retracted_copied_and_bounced_messages_are_no_touches() -> None:
    told = PersonHistory()
    told.say("email.sent", 9, "twice", message_id="a")
    told.say("email.sent", 9, "twice", message_id="a")
    told.say("email.delivered", 8, message_id="a")
    told.say("email.sent", 7, "gone", message_id="b")
    told.say("interaction.retracted", 1, retracts={"source": "digital/mailer", "id": "gone"})
    told.say("email.sent", 6, message_id="c")
    told.say("email.bounced", 5, message_id="c")
    told.say("canvass.reported", 4, method="door", outcome="not_home")
    told.say("canvass.reported", 3, method="door", outcome="contacted")

    assert [send.key for send in asked(told)] == [("digital/mailer", "twice"), ("digital/mailer", "i8")]


def test_only_touches_within_the_span_are_asked_about_but_all_before_counts() -> None:
    told = PersonHistory()
    told.say("email.sent", 9, message_id="a")
    told.say("email.sent", 8, message_id="b")

    [send] = asked(told, TimeSpan(since=NOW - 8 * HOUR))

    assert send.known is not None
    assert len(send.known["touches"]) == 1
    assert not asked(told, TimeSpan(until=NOW - 9 * HOUR))


def test_an_outcome_has_each_gift_within_the_window_once() -> None:
    told = PersonHistory()
    told.say("email.sent", 200, message_id="a")
    told.say("email.sent", 190, message_id="b")
    told.say("donation.made", 180, donation_id="a:1", amount=500)
    told.say("donation.made", 180, donation_id="a:1", amount=500)
    told.say("donation.made", 100, donation_id="a:2", amount=700, pledge_id="p", period="monthly", instalment=2)
    told.say("donation.made", 200 - 7 * 24, donation_id="a:3", amount=900)
    told.say("donation.made", 190 - 7 * 24 - 1, donation_id="a:4", amount=1)
    told.say("email.complained", 150)
    told.say("consent.changed", 150, channel="text", granted=True)
    followed = OutcomeIndex(evidence_of(counted_facts(told.said)), 7 * DAY)

    first, second = (followed.of(NOW - hours * HOUR) for hours in (200, 190))
    both = combined([first, second])

    assert sorted(amount for _, _, amount in first.gifts) == [500, 900]
    assert sorted(amount for _, _, amount in both.gifts) == [500, 900]
    assert (both.complained, both.left) == (True, False)


def test_a_bounce_that_came_later_was_not_known_before() -> None:
    told = PersonHistory()
    told.say("email.sent", 9, message_id="a")
    told.say("email.sent", 8, message_id="b")
    told.say("email.bounced", 7, message_id="a")

    [send] = asked(told)

    assert send.known is not None
    assert [touch["id"] for touch in send.known["touches"]] == ["i0"]
