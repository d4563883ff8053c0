"""The kinds of source from which an identifier or a fact may come.

What an electoral roll may say of a voter, and how people are given a notice of a source, is here, too.
"""

from typing import Annotated, Literal

from pydantic import Field

ProvenanceKind = Literal[
    "self", "voter_list", "rented", "sponsorship", "canvass", "vendor", "petition", "staff", "civic_register"
]
"""From whom: the person, an electoral roll, a hired list, somebody who knows them, a canvasser, a supplier of data.

The last three were made for another purpose, and a deployment may take nothing from them (`purpose_wall.py`): a file of
who signed a petition, of staff, of a public authority.
"""

FORGOTTEN: Literal["forgotten"] = "forgotten"
"""The source of a word that protects somebody, of which the source was forgotten (`retention run`). No producer says
it, and it makes nobody known."""

ShownKind = Literal[ProvenanceKind, "forgotten"]
"""What a profile may show as the kind of a source."""

Sex = Literal["f", "m"]
"""As an electoral roll has it."""

AGE_BAND_PATTERN = r"^[0-9]{1,3}(-[0-9]{1,3}|\+)$"

AgeBand = Annotated[str, Field(pattern=AGE_BAND_PATTERN)]
"""Years of age from and to, such as `25-34`, or from, such as `65+`: no birthday fits in."""

NoticeWay = Literal["form", "email", "text", "phone", "door", "letter"]
"""How a person was given a notice: where they left their data, or with a message, a call, a visit or a letter."""
