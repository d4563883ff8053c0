import orjson
import pytest

from events.refusal import Reason, Refusal
from events.requeued import history_of, with_history
from streams.domain.dead_letter_repair.judging import WORDS, Cured, Left, interaction_of, judge
from tests.unit.domain.dead_letter_repair.writing import HASHER, Headers, letter, mapping_of, once, rules, saying
from tests.unit.events.records import NOW, event
from tests.unit.worker.agents.contacts.interaction_records import said

DAY = 86_400_000
RENAMED = '[rename]\ndata.messageId = "data.message_id"'
TRACE: Headers = [("trace", b"1")]


def test_what_is_mended_goes_where_it_came_from_and_tells_its_history() -> None:
    found = judge(letter(saying(message_id=None, messageId="m1"), headers=TRACE), rules(RENAMED))
    assert isinstance(found, Cured)
    assert (found.topic, found.key, found.type) == ("email-events", b"key", "email.opened")
    assert found.headers[0] == TRACE[0]
    [told] = history_of(found.headers)
    assert (told.letter, told.origin, told.run) == ("dead-letters/3/1042", "email-events/3/42", "a run")
    assert (told.reason, told.mapping) == ("invalid_data", mapping_of(RENAMED).version)
    named = interaction_of(found, rules())
    assert named is not None
    assert named[0] == "c1"


def test_what_would_be_refused_again_is_not_sent() -> None:
    found = judge(letter(saying(message_id=None)), rules())
    assert found == Refusal(Reason.INVALID_DATA, "data.message_id: is missing")


def test_what_was_ahead_of_its_time_is_judged_by_the_time_of_now() -> None:
    found = judge(letter(saying(), reason=Reason.TIME_IN_FUTURE, at=NOW - 30 * 3_600_000), rules())
    assert isinstance(found, Cured)
    assert found.value == saying()


def test_a_mapping_may_say_where_it_belongs() -> None:
    gift = letter(orjson.dumps(event("donation.made")), reason=Reason.UNKNOWN_TYPE)
    assert isinstance(judge(gift, rules()), Refusal)
    found = judge(gift, rules('topic = "donation-events"'))
    assert isinstance(found, Cured)
    assert found.topic == "donation-events"


def test_a_command_on_another_topic_stays_refused_whatever_the_mapping() -> None:
    """Who may write opens may not thereby erase anybody."""
    erasure = letter(orjson.dumps(event("contact.erased")), reason=Reason.UNKNOWN_TYPE)
    for mapping in (None, 'topic = "donation-events"'):
        assert isinstance(judge(erasure, rules(mapping)), Refusal)


def test_a_command_may_be_sent_to_where_it_came_from() -> None:
    assert isinstance(judge(letter(orjson.dumps(event("contact.erased")), topic="contact-commands"), rules()), Cured)


def test_a_message_that_was_refused_a_week_ago_is_sent_only_if_that_is_asked_for() -> None:
    old = letter(saying(), at=NOW - 7 * DAY - 1)
    assert judge(old, rules()) is Left.OLD_MESSAGE
    assert isinstance(judge(old, rules(old_messages=True)), Cured)
    assert isinstance(judge(letter(saying(), at=NOW - 7 * DAY), rules()), Cured)
    gift = letter(orjson.dumps(event("donation.made")), topic="donation-events", at=NOW - 30 * DAY)
    assert isinstance(judge(gift, rules()), Cured)


def test_a_message_is_as_old_as_its_first_refusal() -> None:
    headers = with_history(None, [], [once("2012-01-01T00:00:00.000Z")], HASHER)
    assert judge(letter(saying(), headers=headers), rules()) is Left.OLD_MESSAGE


def test_what_came_back_too_often_is_left() -> None:
    headers = with_history(None, [], [once(), once(), once()], HASHER)
    assert judge(letter(saying(), headers=headers), rules()) is Left.TOO_OFTEN
    assert isinstance(judge(letter(saying(), headers=headers), rules(deepest=4)), Cured)


def test_what_no_producer_wrote_to_a_topic_is_left() -> None:
    assert judge(letter(b"a,row", topic="file.csv", stage="import"), rules()) is Left.IMPORTED
    assert judge(letter(saying(), topic="elsewhere"), rules()) is Left.ELSEWHERE


def test_what_a_full_state_refused_goes_to_interactions_only_if_it_is_asked_for() -> None:
    full = letter(said(1).value, topic="interactions", stage="contacts", reason=Reason.CONTACT_FULL)
    assert judge(full, rules()) is Left.FULL
    found = judge(full, rules(full=True))
    assert isinstance(found, Cured)
    assert (found.topic, found.value) == ("interactions", full.value)
    spoilt = letter(b"{", topic="interactions", stage="contacts")
    assert isinstance(judge(spoilt, rules(full=True)), Refusal)


@pytest.mark.parametrize("left", Left)
def test_for_each_reason_to_leave_a_letter_there_are_words(left: Left) -> None:
    assert WORDS[left]
