"""What few people said is hidden, and does not follow from what is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.services.console.desk_reading import Field
from streams.services.console.rights import FEWEST
from streams.services.console.small_cells import hidden_together, is_shown, shown_counts, shown_fields, shown_sums


def field(turf: str, people: int | None, contacted: int = 1) -> Field:
    return Field("US-OH", turf, (people or 0) + 5, contacted, 0, people, {}, 0)


def test_one_small_turf_is_hidden_with_the_next_larger_one_and_attempts_stay() -> None:
    fields = [field("a", 50), field("b", 12), field("c", 3)]
    shown, count = shown_fields(fields)
    assert [each.turf for each in fields if is_shown(each, shown)] == ["a"]
    assert count == 2
    whole = hidden_together(fields, shown)
    assert whole is not None
    assert (whole.people, whole.attempts) == (15, 25)


def test_of_few_people_in_all_not_even_the_sum_is_shown() -> None:
    fields = [field("a", 4), field("b", 5)]
    shown, _ = shown_fields(fields)
    assert not shown
    assert hidden_together(fields, shown) is None


def test_where_the_number_of_people_is_not_known_nothing_they_said_is_shown() -> None:
    fields = [field("a", 400), field("b", None)]
    shown, count = shown_fields(fields)
    assert (shown, count) == (frozenset(), 2)
    assert hidden_together(fields, shown) is None


@given(st.lists(st.integers(0, 30), min_size=1, max_size=8))
def test_no_small_turf_follows_from_the_others_and_the_sum(counts: list[int]) -> None:
    fields = [field(str(place), people) for place, people in enumerate(counts)]
    shown, _ = shown_fields(fields)
    hidden = [each.people or 0 for each in fields if not is_shown(each, shown)]
    whole = sum(counts)
    assert all(people == 0 or people >= FEWEST for place, people in enumerate(counts) if is_shown(fields[place], shown))
    if hidden and whole >= FEWEST:
        assert len(hidden) > 1
        assert sum(hidden) >= FEWEST


@given(st.dictionaries(st.sampled_from("abcdef"), st.fixed_dictionaries({"rejected": st.integers(0, 25)}), min_size=1))
def test_no_small_number_of_ballots_follows_from_the_others_and_the_sum(table: dict[str, dict[str, int]]) -> None:
    shown, total = shown_counts(table), shown_sums(table)["rejected"]
    counts = {name: row["rejected"] for name, row in shown.items()}
    assert all(count is None or count == 0 or count >= FEWEST for count in counts.values())
    hidden = [table[name]["rejected"] for name, count in counts.items() if count is None]
    if hidden and total is not None:
        assert len(hidden) > 1
        assert sum(hidden) >= FEWEST


@pytest.mark.parametrize(("count", "shown"), [(0, 0), (9, None), (10, 10)])
def test_a_sum_of_fewer_than_ten_people_is_not_shown(count: int, shown: int | None) -> None:
    assert shown_sums({"a": {"rejected": count}}) == {"rejected": shown}
