from random import Random

from benchmarks.live.crowd import cells_of
from benchmarks.live.gifts import Gifts, amounts_in


def test_a_sum_says_which_gifts_are_in_it() -> None:
    rng, gifts = Random(5), Gifts()
    given: dict[object, list[int]] = {}
    for _ in range(400):
        person = rng.randrange(60)
        amount = gifts.next_of(person)
        assert amount is not None
        for cell in cells_of(person):
            given.setdefault(cell, []).append(amount)
    assert {cell: sum(amounts) for cell, amounts in given.items()} == gifts.given
    assert all(sorted(amounts_in(sum(amounts))) == sorted(amounts) for amounts in given.values())
