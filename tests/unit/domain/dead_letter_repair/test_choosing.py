from events.refusal import Reason
from events.requeued import with_history
from streams.domain.dead_letter_repair.choosing import Choice
from tests.unit.domain.dead_letter_repair.writing import HASHER, letter, once, saying
from tests.unit.events.records import NOW


def test_nothing_asked_for_takes_every_letter() -> None:
    assert Choice().is_everything
    assert Choice().takes(letter())
    assert not Choice(stage="intake").is_everything


def test_each_wish_takes_what_it_names_and_nothing_else() -> None:
    one = letter(saying(), headers=with_history(None, [], [once()], HASHER))
    right = [
        Choice(reason=Reason.INVALID_DATA),
        Choice(topic="email-events"),
        Choice(stage="intake"),
        Choice(source="digital/mailer"),
        Choice(type="email.opened"),
        Choice(since=NOW),
        Choice(until=NOW + 1),
        Choice(detail="message_id"),
        Choice(came_back=True),
    ]
    wrong = [
        Choice(reason=Reason.NO_TIME),
        Choice(topic="donation-events"),
        Choice(stage="contacts"),
        Choice(source="digital"),
        Choice(type="email.sent"),
        Choice(since=NOW + 1),
        Choice(until=NOW),
        Choice(detail="amount"),
    ]
    assert [choice for choice in right if not choice.takes(one)] == []
    assert [choice for choice in wrong if choice.takes(one)] == []
    assert not Choice(came_back=True).takes(letter())


def test_of_a_letter_that_cannot_be_read_nobody_knows_the_source() -> None:
    assert not Choice(source="digital/mailer").takes(letter(b"{"))
