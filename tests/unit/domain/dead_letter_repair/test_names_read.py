"""A name that no dead letter has is told with the one that was meant, and a name that some have is not."""

import pytest

from events.refusal import Reason
from streams.domain.dead_letter_repair.letters import Letter
from streams.domain.dead_letter_repair.selection import LetterSelection, NamesRead
from streams.operations.requeue.requeue_run import RequeueCounts, RequeueOptions, judged_letters
from tests.unit.domain.dead_letter_repair.writing import letter, rules, saying


def missed(choice: LetterSelection, *letters: Letter) -> list[str]:
    names = NamesRead()
    for one in letters:
        names.takes(choice, one)
    return names.missed(choice)


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        (
            LetterSelection(source="digital/mialer"),
            ["no dead letter is of source digital/mialer; did you mean digital/mailer?"],
        ),
        (LetterSelection(source="field/app"), ["no dead letter is of source field/app"]),
        (LetterSelection(type="email.opend"), ["no dead letter is of type email.opend; did you mean email.opened?"]),
        (LetterSelection(topic="gift.csv"), ["no dead letter is of topic gift.csv; did you mean gifts.csv?"]),
        (LetterSelection(source="ada@example.org"), ["no dead letter is of source *"]),
    ],
    ids=str,
)
def test_a_misspelled_name_is_told_with_the_one_that_was_meant(choice: LetterSelection, told: list[str]) -> None:
    assert missed(choice, letter(saying()), letter(None, topic="gifts.csv", stage="import")) == told


@pytest.mark.parametrize(
    "choice",
    [
        LetterSelection(source="digital/mailer", reason=Reason.NO_TIME),
        LetterSelection(type="donation.made"),
        LetterSelection(topic="donation-events"),
        LetterSelection(reason=Reason.NO_TIME),
    ],
    ids=str,
)
def test_a_name_that_is_right_is_not_missed_where_nothing_is_chosen(choice: LetterSelection) -> None:
    assert missed(choice, letter(saying())) == []


def test_no_name_is_missed_where_something_is_chosen() -> None:
    assert missed(LetterSelection(source="digital/mailer"), letter(b"{"), letter(saying()), letter(b"[")) == []


def test_a_source_that_is_an_address_is_not_told_as_the_one_that_was_meant() -> None:
    one = letter(saying().replace(b"digital/mailer", b"ada@example.org"))
    assert missed(LetterSelection(source="ada.example.org"), one) == ["no dead letter is of source ada.example.org"]


def test_a_requeue_notes_the_names_that_it_reads() -> None:
    account, order = RequeueCounts(), RequeueOptions(LetterSelection(source="digital/flod"), rules())
    held = letter(saying().replace(b"digital/mailer", b"digital/flood"))

    assert list(judged_letters([held], order, set(), account)) == []
    assert account.names.missed(order.choice, "held record") == [
        "no held record is of source digital/flod; did you mean digital/flood?"
    ]


def test_a_source_in_quarantine_of_which_nothing_is_held_is_known() -> None:
    names, quarantined = NamesRead(), ["digital/flood"]

    assert names.missed(LetterSelection(source="digital/flood"), sources=quarantined) == []
    [told] = names.missed(LetterSelection(source="digital/flod"), sources=quarantined)
    assert told.endswith("; did you mean digital/flood?")
