"""Progress bars of the demo: published, taken in, folded, in Redis."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from streams.demo.playing import Show
from streams.demo.progress import Progress as Seen


@contextmanager
def bars(console: Console, publications: int, interactions: int) -> Iterator[Show]:
    """Four bars for the length of a block, and the function that moves them."""
    columns = (TextColumn("{task.description:<22}"), BarColumn(32), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        published = progress.add_task("published", total=publications)
        taken_in = progress.add_task("accepted or refused", total=publications)
        folded = progress.add_task("folded into contacts", total=interactions)
        in_redis = progress.add_task("changes in Redis", total=None)

        def show(acknowledged: int, seen: Seen) -> None:
            progress.update(published, completed=acknowledged)
            progress.update(taken_in, completed=seen.taken_in)
            progress.update(folded, completed=seen.folded)
            progress.update(in_redis, completed=seen.in_sink, total=max(seen.changes, 1))

        yield show
