"""`harmonia contact link, unlink, suppress, unsuppress, erase`: what somebody decides about people, and that it shows.

What is decided is said with the time at which it was decided, and by whom: the latest command counts.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.naming import HELP, METAVAR

if TYPE_CHECKING:
    from streams.cli.desk import Desk

One = Annotated[str, typer.Argument(metavar=METAVAR, help=HELP)]
Other = Annotated[str, typer.Argument(metavar=METAVAR, help="Another one.")]
Source = Annotated[str, typer.Option(help="Who decides, as the command's source.")]
Anyway = Annotated[bool, typer.Option("--anyway", "--unknown", help="Send it although nobody is known by that name.")]
Wait = Annotated[float, typer.Option(min=0, max=600, help="Seconds to wait for Redis to show it.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Send it and end: nothing need have happened by then.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs: the commands as they were sent, one a line.")]
_SOURCE = "operator/harmonia"
_WAIT_S = 15.0


def link(  # noqa: PLR0913 (options of a command)
    one: One,
    other: Other,
    *,
    source: Source = _SOURCE,
    anyway: Anyway = False,
    wait: Wait = _WAIT_S,
    no_wait: NoWait = False,
    as_json: AsJson = False,
) -> None:
    """Say that two contacts are one person. Exit code 1 when Redis does not show it in time."""
    _desk(source, anyway, None if no_wait else wait, as_json).link(one, other)


def unlink(  # noqa: PLR0913 (options of a command)
    one: One,
    other: Other,
    *,
    source: Source = _SOURCE,
    anyway: Anyway = False,
    wait: Wait = _WAIT_S,
    no_wait: NoWait = False,
    as_json: AsJson = False,
) -> None:
    """Say that two contacts are not one person, whatever they have in common. Exit code as of `link`."""
    _desk(source, anyway, None if no_wait else wait, as_json).unlink(one, other)


def suppress(  # noqa: PLR0913 (options of a command)
    one: One,
    *,
    until: Annotated[str | None, typer.Option(help="RFC 3339 with an offset; without it until it is lifted.")] = None,
    source: Source = _SOURCE,
    anyway: Annotated[
        bool,
        typer.Option(
            "--anyway",
            "--unknown",
            help="Send it although nobody is known by that name, or it ends sooner than the one that holds.",
        ),
    ] = False,
    wait: Wait = _WAIT_S,
    no_wait: NoWait = False,
    as_json: AsJson = False,
) -> None:
    """Stop all contact with a person, and keep the record. Exit code as of `link`.

    Where a suppression that lasts longer holds, exit code 1: the latest counts, so this one would end it sooner.
    """
    _desk(source, anyway, None if no_wait else wait, as_json).suppress(one, until)


def unsuppress(  # noqa: PLR0913 (options of a command)
    one: One,
    *,
    source: Source = _SOURCE,
    anyway: Anyway = False,
    wait: Wait = _WAIT_S,
    no_wait: NoWait = False,
    as_json: AsJson = False,
) -> None:
    """Lift the suppression of a person, and say what stays closed for other reasons. Exit code as of `link`."""
    _desk(source, anyway, None if no_wait else wait, as_json).unsuppress(one)


def erase(  # noqa: PLR0913 (options of a command)
    one: One,
    *,
    source: Source = _SOURCE,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    anyway: Anyway = False,
    wait: Wait = _WAIT_S,
    no_wait: NoWait = False,
    as_json: AsJson = False,
) -> None:
    """Forget a person, for good: all that was heard under any identifier of theirs. Exit code as of `link`."""
    desk = _desk(source, anyway, None if no_wait else wait, as_json)
    if not yes:
        typer.confirm("This cannot be undone. Forget this person?", abort=True, err=True)
    desk.erase(one)


def _desk(source: str, anyway: bool, wait_s: float | None, as_json: bool) -> "Desk":
    from streams.cli.desk import Desk
    from streams.cli.failures import load_settings

    return Desk(load_settings(), source, anyway, wait_s, as_json)
