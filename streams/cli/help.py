"""The look of every command's help, and plain words for wrong values of options.

Values are shown as words (FILE, TIME, NUMBER) and not as types of Python, and no name is broken in two at 80 columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typer import BadParameter
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

if TYPE_CHECKING:
    from typer import Context


class PlainUsageGroup(TyperGroup):
    """A group that tells wrong values of options in plain words, not in those of Typer's parser."""

    def invoke(self, ctx: Any) -> Any:
        """See Typer."""
        try:
            return super().invoke(ctx)
        except BadParameter as error:
            cause: Any = error.__cause__
            if hasattr(cause, "errors"):
                from events.validation_messages import in_plain_words

                error.message = in_plain_words(cause.errors()[0])
            raise


_BY_NAME = dict.fromkeys(("--closed-before", "--date", "--on", "--received"), "DATE") | dict.fromkeys(
    ("--at", "--from", "--since", "--to", "--until"), "TIME"
)
"""Words for values of options whose type does not say what they are."""
WIDEST = 25
"""Characters of a line of choices: so many are left beside the longest option and its help in 80 columns."""


class RootCommands(PlainUsageGroup):
    """The root of all commands."""

    def get_params(self, ctx: Any) -> list[Any]:
        """See Typer; the root's own options, `--help` among them, look as those of every command."""
        found = super().get_params(ctx)
        for option in found:
            _prepare_option(option)
        return found

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """See Typer; the command, or group of commands, with its help prepared."""
        found = super().get_command(ctx, cmd_name)
        _prepare(found, ctx)
        return found


def _prepare(command: object, ctx: Context) -> None:
    if not isinstance(command, TyperCommand | TyperGroup):
        return
    for parameter in command.get_params(ctx):  # `--help` too, which is made once and kept
        _prepare_option(parameter)
        _prepare_argument(parameter)
    if isinstance(command, TyperGroup):
        for inner in command.commands.values():
            _prepare(inner, ctx)


def _prepare_option(option: object) -> None:
    """Show a flag without a type, choices one by one, and in the place of other values a word such as FILE."""
    if not isinstance(option, TyperOption) or option.metavar is not None:
        return
    if option.is_flag:
        option.metavar = ""
    elif option.type_descriptor.is_choice:
        option.metavar = f"<{lines_of([str(choice) for choice in option.type_descriptor.choices or ()])}>"
    else:
        option.metavar = _BY_NAME.get(option.opts[0]) or _word_for(option.type_descriptor)


def _word_for(descriptor: Any) -> str:
    """The word for values of a type, in capitals."""
    if descriptor.is_path:
        return "DIR" if descriptor.path_type == "dir" else "FILE"
    return "NUMBER" if descriptor.annotation in (int, float) else "TEXT"


def _prepare_argument(argument: object) -> None:
    """Show an argument without its type: its name says what it is, and the type may be a class of Typer's."""
    if isinstance(argument, TyperArgument):
        vars(argument)["display_type_rich"] = _nothing


def _nothing(ctx: Context) -> None:
    """In the place of the type of an argument."""


def lines_of(choices: list[str], widest: int = WIDEST) -> str:
    """`email|text|phone`, in lines that end between two choices."""
    lines = [""]
    for choice in choices:
        if lines[-1] and len(lines[-1]) + len(choice) + 2 > widest:  # with what follows, and a bracket
            lines.append("")
        lines[-1] += f"{choice}|"
    return "\n".join(lines).removesuffix("|")
