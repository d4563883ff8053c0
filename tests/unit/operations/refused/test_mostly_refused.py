import pytest

from streams.domain.dead_letter_repair.letters import DeclaredType
from streams.operations.refused.mostly_refused import LEAST, MostlyRefused, mostly_refused, sentence, shortened

GIFTS = DeclaredType("finance/actblue", "donation.made")
OPENS = DeclaredType("finance/actblue", "email.opened")


def test_a_source_whose_gifts_are_all_refused_is_named_however_much_mail_of_it_is_good() -> None:
    [found] = mostly_refused({GIFTS: 40}, {OPENS: 100_000})
    assert found == MostlyRefused("finance/actblue", "donation.made", 40, 40)
    assert sentence(found) == "finance/actblue: 40 of 40 donation.made refused"


@pytest.mark.parametrize(
    ("refused", "accepted", "is_named"),
    [
        (LEAST, 0, True),
        (LEAST - 1, 0, False),
        (LEAST - 1, 1, True),
        (20, 19, True),
        (20, 20, False),
        (4_000, 46_000, False),
    ],
)
def test_mostly_refused_means_more_than_half_of_ten_records_or_more(
    refused: int, accepted: int, is_named: bool
) -> None:
    assert bool(mostly_refused({GIFTS: refused}, {GIFTS: accepted})) is is_named


def test_unreadable_sources_are_left_out_and_addresses_are_never_shown() -> None:
    refused = {
        DeclaredType(None, None): 50,
        DeclaredType("ada@example.org", "donation.made"): 50,
        DeclaredType("digital", None): 50,
    }
    assert mostly_refused(refused, {}) == [MostlyRefused("*", "donation.made", 50, 50)]


def test_the_most_refused_sources_come_first_and_a_long_list_is_shortened() -> None:
    found = mostly_refused({DeclaredType(f"s{number}", "t"): 20 + number for number in range(9)}, {})
    assert [each.source for each in found][:2] == ["s8", "s7"]
    assert shortened(map(sentence, found), 2) == [sentence(found[0]), sentence(found[1]), "7 more such sources"]
    assert shortened(map(sentence, found), 9)[-1] == sentence(found[-1])
