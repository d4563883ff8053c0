from events.requeued import with_history
from streams.domain.dead_letter_repair.causes import SAMPLES, group_by_cause
from tests.unit.domain.dead_letter_repair.writing import HASHER, letter, once, saying


def test_letters_are_counted_by_cause_the_most_frequent_first() -> None:
    many = [letter(saying(id=str(number)), at=number, offset=number) for number in range(5)]
    few = [letter(b"{", detail="value: send JSON")]
    first, second = group_by_cause([*few, *many])
    assert (first.count, second.count) == (5, 1)
    assert (first.first, first.last) == (0, 4)
    assert [place.offset for place in first.samples] == [2, 3, 4]
    assert len(first.samples) == SAMPLES
    assert first.cause.source == "digital/mailer"
    assert second.cause.source is None


def test_the_place_in_a_list_is_no_cause_of_its_own() -> None:
    details = ("data.tags_added.3: too long", "data.tags_added.14: too long", "data.answers.*: 3.5 is too much")
    groups = group_by_cause(letter(saying(), detail=detail) for detail in details)
    assert {group.cause.detail: group.count for group in groups} == {
        "data.tags_added.*: too long": 2,
        "data.answers.*: 3.5 is too much": 1,
    }


def test_what_came_back_is_counted_in_its_group() -> None:
    [group] = group_by_cause([letter(), letter(headers=with_history(None, [], [once()], HASHER))])
    assert (group.count, group.came_back) == (2, 1)


def test_what_was_requeued_is_told_from_what_is_open_and_gives_no_samples() -> None:
    one, other, last = (letter(saying(), offset=offset) for offset in (1, 2, 3))
    [group] = group_by_cause([one, other, last], {last.name})
    assert (group.open, group.requeued, group.count) == (2, 1, 3)
    assert [place.offset for place in group.samples] == [1, 2]
    [group] = group_by_cause([last, one], {last.name})
    assert [place.offset for place in group.samples] == [1]


def test_groups_with_open_letters_come_first_and_one_that_is_all_requeued_still_shows_where_it_was() -> None:
    mended = [letter(b"{", offset=offset) for offset in range(9)]
    groups = group_by_cause(
        [*mended, letter(saying(), detail="data.amount: Field required")], {one.name for one in mended}
    )
    assert [(group.open, group.requeued) for group in groups] == [(1, 0), (0, 9)]
    assert len(groups[1].samples) == SAMPLES
