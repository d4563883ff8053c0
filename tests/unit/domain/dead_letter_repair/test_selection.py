import orjson

from events.refusal import Reason
from events.requeued import with_history
from streams.domain.dead_letter_repair.selection import LetterSelection
from tests.unit.domain.dead_letter_repair.writing import HASHER, letter, once, saying
from tests.unit.events.records import NOW


def test_nothing_asked_for_takes_every_letter() -> None:
    assert LetterSelection().is_everything
    assert LetterSelection().takes(letter())
    assert not LetterSelection(stage="intake").is_everything


def test_each_wish_takes_what_it_names_and_nothing_else() -> None:
    one = letter(saying(), headers=with_history(None, [], [once()], HASHER))
    right = [
        LetterSelection(reason=Reason.INVALID_DATA),
        LetterSelection(topic="email-events"),
        LetterSelection(stage="intake"),
        LetterSelection(source="digital/mailer"),
        LetterSelection(type="email.opened"),
        LetterSelection(since=NOW),
        LetterSelection(until=NOW + 1),
        LetterSelection(detail="message_id"),
        LetterSelection(came_back=True),
    ]
    wrong = [
        LetterSelection(reason=Reason.NO_TIME),
        LetterSelection(topic="donation-events"),
        LetterSelection(stage="contacts"),
        LetterSelection(source="digital"),
        LetterSelection(type="email.sent"),
        LetterSelection(since=NOW + 1),
        LetterSelection(until=NOW),
        LetterSelection(detail="amount"),
    ]
    assert [choice for choice in right if not choice.takes(one)] == []
    assert [choice for choice in wrong if choice.takes(one)] == []
    assert not LetterSelection(came_back=True).takes(letter())


def test_of_a_letter_that_cannot_be_read_nobody_knows_the_source() -> None:
    assert not LetterSelection(source="digital/mailer").takes(letter(b"{"))


def test_sources_and_types_that_are_never_shown_are_chosen_by_the_sign_that_stands_for_them() -> None:
    """A source that is an address is listed as `*`, and nobody could have said which is meant."""
    said = {**orjson.loads(saying()), "source": "ada@example.org/app", "type": "ada@example.org"}
    hidden = letter(orjson.dumps(said))

    assert LetterSelection(source="*", type="*").takes(hidden)
    assert LetterSelection(source="ada@example.org/app").takes(hidden)
    assert not LetterSelection(source="*").takes(letter(saying()))
    assert not LetterSelection(type="*").takes(letter(saying()))
    assert not LetterSelection(source="*").takes(letter(b"{"))
