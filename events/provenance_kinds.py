"""The kinds of source from which an identifier or a fact may come."""

from typing import Literal

ProvenanceKind = Literal[
    "self", "voter_list", "rented", "sponsorship", "canvass", "vendor", "petition", "staff", "civic_register"
]
"""From whom: the person, an electoral roll, a hired list, somebody who knows them, a canvasser, a supplier of data.

The last three were made for another purpose, and a deployment may take nothing from them (`purpose_wall.py`): a file of
who signed a petition, of staff, of a public authority.
"""
