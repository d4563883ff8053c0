import orjson

from benchmarks.live.crowd import Cell
from benchmarks.live.watching import Seen


def result(status: str, amount: int) -> bytes:
    metrics = {"net_amount": {"sum": amount, "mean": None}, "donated": {"sum": 1, "mean": None}}
    return orjson.dumps(
        {"experiment": "e", "status": status, "variants": {"A": {"assigned": 7, "metrics": metrics}}, "warnings": []}
    )


def test_a_gift_is_noted_when_it_is_first_counted() -> None:
    seen, cell = Seen(lambda: None), Cell("e", "A")
    for at, amount in enumerate((0, 0b100, 0b101, 0b101, 0b111)):
        seen.note(result("running", amount), at)
    assert seen.counted == {(cell, 4): 1, (cell, 1): 2, (cell, 2): 4}
    assert (seen.sums, seen.results) == ({cell: 7}, 5)


def test_only_those_are_assigned_who_are_not_being_counted_anew() -> None:
    seen = Seen(lambda: None)
    seen.note(result("recounting", 0), 1)
    assert seen.assigned == 0
    seen.note(result("running", 0), 2)
    assert seen.assigned == 7
