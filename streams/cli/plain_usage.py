"""Wrong values of options, told in plain words: Typer hands on those of the library that it parses with."""

from typing import Any

from typer import BadParameter
from typer.core import TyperGroup


class PlainUsage(TyperGroup):
    """The group at the top: whatever is parsed below it is told so."""

    def invoke(self, ctx: Any) -> Any:
        """As of any group."""
        try:
            return super().invoke(ctx)
        except BadParameter as error:
            cause: Any = error.__cause__
            if hasattr(cause, "errors"):
                from events.validation_messages import in_plain_words

                error.message = in_plain_words(cause.errors()[0])
            raise
