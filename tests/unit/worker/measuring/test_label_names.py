import pytest

from streams.worker.measuring.label_names import BoundedLabels, is_currency, is_team


@pytest.mark.parametrize("name", ["digital", "Field-2", "gotv_night"])
def test_a_short_word_is_a_team_label(name: str) -> None:
    assert is_team(name)


@pytest.mark.parametrize(
    "name", ["", "ada@example.org", "+12125550123", "12125550123", "Ada Lovelace", "a" * 33, "a\n"]
)
def test_an_address_or_number_is_no_team_label(name: str) -> None:
    assert not is_team(name)


def test_only_so_many_names_have_a_label_and_those_that_are_known() -> None:
    named = BoundedLabels(2, is_team, ["finance"])

    assert [named.label(name) for name in ("a", "b", "c", "a", "finance", "d")] == [
        *("a", "b", "other", "a", "finance", "other")
    ]


def test_a_name_that_looks_wrong_takes_no_place() -> None:
    named = BoundedLabels(1, is_currency)

    assert [named.label(name) for name in ("dollars", "USD")] == ["other", "USD"]
