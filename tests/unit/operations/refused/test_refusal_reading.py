"""Letters are counted by source and type: each record once, and none that was requeued."""

from kafka import TopicPartition

from streams.domain.dead_letter_repair.letters import DeclaredType, Letter, RecordPosition
from streams.operations.refused.refusal_reading import LetterSummary, OpenRefusals
from tests.unit.domain.dead_letter_repair.writing import letter, saying

MAILER = DeclaredType("digital/mailer", "email.opened")


def brief(one: Letter) -> LetterSummary:
    return LetterSummary(one.refusal.reason.value, one.origin.stage, one.origin_place, one.declared, one.name)


def counted(*letters: Letter, requeued: set[str] | None = None) -> OpenRefusals:
    found = OpenRefusals(requeued or set())
    for one in letters:
        found.add(brief(one))
    return found


def test_a_record_that_was_refused_twice_counts_once() -> None:
    assert counted(letter(saying()), letter(saying()), letter(saying(), offset=43)).counts == {MAILER: 2}


def test_requeued_letters_count_neither_as_refused_nor_as_accepted() -> None:
    one, other = letter(saying(), offset=1), letter(saying(), offset=2)
    found = counted(one, other, requeued={one.name})
    assert found.counts == {MAILER: 1}
    places = [RecordPosition("email-events", 3, offset) for offset in (1, 2, 3)]
    assert [found.is_accepted(MAILER, place) for place in places] == [False, False, True]


def test_rows_of_imports_and_full_contacts_are_no_records_of_a_producer() -> None:
    row, full = letter(saying(), stage="import"), letter(saying(), topic="interactions", stage="contacts")
    assert counted(row, full).counts == {}


def test_refused_records_count_only_within_the_ranges_that_were_read() -> None:
    found = counted(*(letter(saying(), offset=offset) for offset in range(10)))
    assert found.within([MAILER], {TopicPartition("email-events", 3): range(4, 20)}) == {MAILER: 6}
    assert found.within([MAILER], {}) == {MAILER: 0}
    assert found.topics_of([MAILER]) == {"email-events"}
