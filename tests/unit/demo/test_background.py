from contextlib import ExitStack
from threading import Event

from streams.demo.background import begin


def test_work_is_given_up_where_the_block_around_it_ends() -> None:
    """A thread that is at work while the interpreter ends aborts the process: Ctrl-C ended the demo with SIGABRT."""
    at_work, given_up = Event(), Event()

    def endless() -> None:
        try:
            while True:
                at_work.set()
        finally:
            given_up.set()

    with ExitStack() as using:
        future = begin(endless, using)
        assert at_work.wait(60)
    assert given_up.is_set()
    assert isinstance(future.exception(0), SystemExit)
