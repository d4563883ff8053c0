"""The kinds of source from which an identifier or a fact may come, and how people are given a notice of it."""

from typing import Literal

ProvenanceKind = Literal[
    "self", "voter_list", "rented", "sponsorship", "canvass", "vendor", "petition", "staff", "civic_register"
]
"""From whom: the person, an electoral roll, a hired list, somebody who knows them, a canvasser, a supplier of data.

The last three were made for another purpose, and a deployment may take nothing from them (`purpose_wall.py`): a file of
who signed a petition, of staff, of a public authority.
"""

NoticeWay = Literal["form", "email", "text", "phone", "door", "letter"]
"""How a person was given a notice: where they left their data, or with a message, a call, a visit or a letter."""
