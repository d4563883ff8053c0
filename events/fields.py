"""The kinds of fields that interactions are made of, with the limits of the contract.

Every model is strict: `"5"` is no number and `1` no truth value. A producer that is corrected on the first day is
cheaper than a campaign that acts on a guess.
"""

from collections.abc import Mapping
from typing import Annotated, get_args, get_type_hints

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from events.json_types import JSON
from events.times import parse_time, render_time

MAX_RECORD_BYTES = 262_144
MAX_HEADER_BYTES = 65_536
MAX_ID = 256
MAX_TEXT = 1_024
MAX_URL = 8_192
MAX_ANSWERS = 64
MAX_TAGS = 32
MAX_DEPTH = 8
MAX_AMOUNT = 10**14

CONTACT_ID_PATTERN = r"^[A-Za-z0-9_.:-]{1,64}$"


def _normal_time(text: str) -> str:
    ms = parse_time(text)
    if ms is None:
        raise ValueError("give an RFC 3339 time with an offset, such as 2012-02-22T00:00:00Z")
    return render_time(ms)


Id = Annotated[str, Field(min_length=1, max_length=MAX_ID)]
"""Names one thing: 1 to 256 characters."""

Text = Annotated[str, Field(max_length=MAX_TEXT)]
"""Up to 1,024 characters, possibly none."""

Name = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
"""1 to 1,024 characters."""

_absent_if_empty = AfterValidator(lambda text: text or None)

Scope = Annotated[Annotated[str, Field(max_length=MAX_TEXT)] | None, _absent_if_empty]
"""What an interaction is limited to. Empty counts as absent: a STOP to nobody in particular is a STOP to everybody."""

ScopeId = Annotated[Annotated[str, Field(max_length=MAX_ID)] | None, _absent_if_empty]
"""The same, where it is an id."""

Url = Annotated[str, Field(max_length=MAX_URL)]
"""Up to 8,192 characters; kept as sent."""

LABEL_PATTERN = r"^[A-Za-z0-9_.:/#-]{1,128}$"

Label = Annotated[str, Field(pattern=LABEL_PATTERN)]
"""A name of the producer's own for a text, a purpose or a proof, made so that no e-mail address can stand in it."""

ContactId = Annotated[str, Field(pattern=CONTACT_ID_PATTERN)]
"""A `contact_id`, used as it is."""

Timestamp = Annotated[str, AfterValidator(_normal_time), Field(json_schema_extra={"format": "date-time"})]
"""RFC 3339 with an offset; held as UTC with milliseconds (`2012-02-22T00:00:00.000Z`)."""


def kinds_of(model: type[BaseModel]) -> Mapping[str, object]:
    """By field the kind that it was declared as, such as `Id`, be it required or not."""
    return {name: _present(hint) for name, hint in get_type_hints(model, include_extras=True).items()}


def _present(hint: object) -> object:
    """The kind in `Kind | None`."""
    kinds = [each for each in get_args(hint) if each is not type(None)]
    return kinds[0] if type(None) in get_args(hint) and len(kinds) == 1 else hint


class Model(BaseModel):
    """Strict and unchangeable; unknown fields are kept."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow", allow_inf_nan=False)

    def plain(self) -> dict[str, JSON]:
        """The fields that are known, as JSON values; what is absent is left out."""
        fields = {
            # Text first: to ask whether something is of a pydantic class takes ten times as long.
            name: value if isinstance(value, str) or not isinstance(value, Model) else value.plain()
            for name, value in self.__dict__.items()
            if value is not None
        }
        return fields | self.__pydantic_extra__ if self.__pydantic_extra__ else fields
