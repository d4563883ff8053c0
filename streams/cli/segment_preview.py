"""The command `harmonia segments preview`: how many a definition would let in, before anybody goes by it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from streams.cli.failures import failing_plainly, load_settings, refuse
from streams.cli.output import print_lines, print_table, say
from streams.domain.display_names import counted, printable

if TYPE_CHECKING:
    from streams.domain.segments.preview_estimates import MemberEstimate

_HELP = "TOML, or JSON where its name ends in .json; `-`: standard input, either of them."


def preview(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help=_HELP)] = Path("-"),
    *,
    exact: Annotated[bool, typer.Option("--exact", help="Judge everybody, up to ten minutes long.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say how many people would be in the segments of a file, by a sample of all partitions. Nothing is defined.

    docs/segments.md says how it is computed. Exit code 1 where a segment has a mistake, or no partition answers.
    """
    from streams.cli.segments import definitions_in, read_defined
    from streams.domain.file_mistakes import FileMistakes
    from streams.domain.pressure.closures import channel_rules
    from streams.domain.segments.previews import preview_question, refers_to_others
    from streams.platform.policy_file import policy_of
    from streams.services.segment_preview import ask_for_preview, preview_json

    found = definitions_in(file)
    settings = load_settings()
    with failing_plainly():
        there = read_defined(settings).definitions if refers_to_others(found) else {}
        question = preview_question(
            found, there, channel_rules(policy_of(settings.policy, settings.regime)), is_exact=exact
        )
        if isinstance(question, FileMistakes):
            refuse("\n".join(f"{file}: {mistake}" for mistake in question.found))
        answer = ask_for_preview(settings, question)
    if not answer.answered:
        why = answer.refused or "does a worker run? See `harmonia status`"
        refuse(f"no partition has answered: {printable(why)}")
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(preview_json(answer, answer.estimates)) + b"\n")
        return
    rows = [(name, *_figures(each)) for name, each in answer.estimates.items()]
    print_table(("segment", "about", "at least", "at most"), rows, right=(1, 2, 3))
    whom = (
        "everybody"
        if answer.is_exact
        else f"{counted(answer.judged, 'contact', 'contacts')} of a sample, at 95 % confidence"
    )
    people = "" if answer.people is None else f" of {'' if answer.is_exact else 'about '}{answer.people.count:,} people"
    print_lines(["", f"judged: {whom}{people}"])
    if answer.answered < answer.partitions:
        missing = f"{answer.answered} of {answer.partitions} partitions have answered; they stand for the others"
        say(f"{missing}{f': {printable(answer.refused)}' if answer.refused else ''}", err=True)


def _figures(found: MemberEstimate | None) -> tuple[str, str, str]:
    return ("", "", "") if found is None else (f"{found.count:,}", f"{found.low:,}", f"{found.high:,}")
