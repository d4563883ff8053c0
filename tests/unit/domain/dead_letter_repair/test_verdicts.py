from dataclasses import replace

import orjson
import pytest

from events.purpose_wall import Wall
from events.refusal import Reason, Refusal
from events.requeued import history_of, with_history
from streams.domain.dead_letter_repair.verdicts import (
    NOT_REQUEUED_TEXTS,
    NotRequeued,
    RequeueableRecord,
    interaction_of,
    judge_letter,
)
from tests.unit.domain.dead_letter_repair.writing import HASHER, Headers, letter, mapping_of, once, rules, saying
from tests.unit.events.records import NOW, event
from tests.unit.worker.agents.contacts.interaction_records import said

DAY = 86_400_000
RENAMED = '[rename]\ndata.messageId = "data.message_id"'
TRACE: Headers = [("trace", b"1")]


def test_what_is_mended_goes_where_it_came_from_and_tells_its_history() -> None:
    found = judge_letter(letter(saying(message_id=None, messageId="m1"), headers=TRACE), rules(RENAMED))
    assert isinstance(found, RequeueableRecord)
    assert (found.topic, found.key, found.type) == ("email-events", b"key", "email.opened")
    assert found.headers[0] == TRACE[0]
    [told] = history_of(found.headers)
    assert (told.letter, told.origin, told.run) == ("dead-letters/3/1042", "email-events/3/42", "a run")
    assert (told.reason, told.mapping) == ("invalid_data", mapping_of(RENAMED).version)
    named = interaction_of(found, rules())
    assert named is not None
    assert named[0] == "c1"


def test_what_would_be_refused_again_is_not_sent() -> None:
    found = judge_letter(letter(saying(message_id=None)), rules())
    assert found == Refusal(Reason.INVALID_DATA, "data.message_id: is missing")


def test_what_was_ahead_of_its_time_is_judged_by_the_time_of_now() -> None:
    found = judge_letter(letter(saying(), reason=Reason.TIME_IN_FUTURE, at=NOW - 30 * 3_600_000), rules())
    assert isinstance(found, RequeueableRecord)
    assert found.value == saying()


def test_a_mapping_may_say_where_it_belongs() -> None:
    gift = letter(orjson.dumps(event("donation.made")), reason=Reason.UNKNOWN_TYPE)
    assert isinstance(judge_letter(gift, rules()), Refusal)
    found = judge_letter(gift, rules('topic = "donation-events"'))
    assert isinstance(found, RequeueableRecord)
    assert found.topic == "donation-events"


def test_a_petition_of_ones_own_site_may_be_sent_anew_with_its_source() -> None:
    """As those are that came before the hook said so."""
    form = event("form.submitted") | {"data": {"contact": {"contact_id": "c1"}, "form_id": "f1", "kind": "petition"}}
    refused = letter(orjson.dumps(form), topic="outreach-events", reason=Reason.REFUSED_SOURCE)
    wall = Wall({"petition"})
    again = judge_letter(refused, replace(rules(), wall=wall))
    assert isinstance(again, Refusal)
    assert again.reason is Reason.REFUSED_SOURCE
    said = judge_letter(refused, replace(rules('[default]\ndata.provenance.kind = "self"'), wall=wall))
    assert isinstance(said, RequeueableRecord)


def test_a_command_on_another_topic_stays_refused_whatever_the_mapping() -> None:
    """Who may write opens may not thereby erase anybody."""
    erasure = letter(orjson.dumps(event("contact.erased")), reason=Reason.UNKNOWN_TYPE)
    for mapping in (None, 'topic = "donation-events"'):
        assert isinstance(judge_letter(erasure, rules(mapping)), Refusal)


def test_a_command_may_be_sent_to_where_it_came_from() -> None:
    assert isinstance(
        judge_letter(letter(orjson.dumps(event("contact.erased")), topic="contact-commands"), rules()),
        RequeueableRecord,
    )


def test_a_message_that_was_refused_a_week_ago_is_sent_only_if_that_is_asked_for() -> None:
    old = letter(saying(), at=NOW - 7 * DAY - 1)
    assert judge_letter(old, rules()) is NotRequeued.OLD_MESSAGE
    assert isinstance(judge_letter(old, rules(old_messages=True)), RequeueableRecord)
    assert isinstance(judge_letter(letter(saying(), at=NOW - 7 * DAY), rules()), RequeueableRecord)
    gift = letter(orjson.dumps(event("donation.made")), topic="donation-events", at=NOW - 30 * DAY)
    assert isinstance(judge_letter(gift, rules()), RequeueableRecord)


def test_a_message_is_as_old_as_its_first_refusal() -> None:
    headers = with_history(None, [], [once("2012-01-01T00:00:00.000Z")], HASHER)
    assert judge_letter(letter(saying(), headers=headers), rules()) is NotRequeued.OLD_MESSAGE


def test_what_came_back_too_often_is_left() -> None:
    headers = with_history(None, [], [once(), once(), once()], HASHER)
    assert judge_letter(letter(saying(), headers=headers), rules()) is NotRequeued.TOO_OFTEN
    assert isinstance(judge_letter(letter(saying(), headers=headers), rules(deepest=4)), RequeueableRecord)


def test_what_no_producer_wrote_to_a_topic_is_left() -> None:
    assert judge_letter(letter(b"a,row", topic="file.csv", stage="import"), rules()) is NotRequeued.IMPORTED
    assert judge_letter(letter(saying(), topic="elsewhere"), rules()) is NotRequeued.ELSEWHERE


def test_what_a_full_state_refused_goes_to_interactions_only_if_it_is_asked_for() -> None:
    full = letter(said(1).value, topic="interactions", stage="contacts", reason=Reason.CONTACT_FULL)
    assert judge_letter(full, rules()) is NotRequeued.FULL
    found = judge_letter(full, rules(full=True))
    assert isinstance(found, RequeueableRecord)
    assert (found.topic, found.value) == ("interactions", full.value)
    spoilt = letter(b"{", topic="interactions", stage="contacts")
    assert isinstance(judge_letter(spoilt, rules(full=True)), Refusal)


@pytest.mark.parametrize("left", NotRequeued)
def test_for_each_reason_to_leave_a_letter_there_are_words(left: NotRequeued) -> None:
    assert NOT_REQUEUED_TEXTS[left]
