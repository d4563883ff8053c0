from sinks.redis_call import Backoff


class Clock:
    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


def test_the_first_wait_of_an_outage_is_the_shortest() -> None:
    assert Backoff(shortest=0.5, clock=Clock()).failed() == 0.5


def test_the_wait_is_as_long_as_the_outage_has_lasted() -> None:
    clock = Clock()
    backoff = Backoff(shortest=1, longest=60, clock=clock)
    waits = []
    for _ in range(6):
        waits.append(backoff.failed())
        clock.now += waits[-1]
    assert waits == [1, 1, 2, 4, 8, 16]


def test_the_wait_is_never_longer_than_the_longest() -> None:
    clock = Clock()
    backoff = Backoff(longest=5, clock=clock)
    backoff.failed()
    clock.now += 1000
    assert backoff.failed() == 5


def test_many_callers_in_one_outage_do_not_lengthen_it() -> None:
    backoff = Backoff(shortest=0.1, clock=Clock())
    assert {backoff.failed() for _ in range(100)} == {0.1}


def test_a_success_ends_the_outage() -> None:
    clock = Clock()
    backoff = Backoff(shortest=0.1, clock=clock)
    backoff.failed()
    clock.now += 3
    backoff.over()
    assert backoff.failed() == 0.1
