"""A list of the demo's people, as an office would save it, to try with it who may be reached."""

import csv
import io
from collections.abc import Iterable

from streams.demo.evening import name_of
from streams.demo.truth import ContactFields, Sent

PATH = "/demo/people.csv"
FILE = "people.csv"
"""Its name in the folder of the demo's console."""
MOST = 300
_COLUMNS = ("voter_id", "external.fec", "email", "region")


def list_to_try(sent: Iterable[Sent]) -> str:
    """A list in CSV of some people to whom e-mails were sent, of all times alike, each once."""
    people = {name_of(one.contact): one.contact for one in sent if one.type == "email.sent" and "email" in one.contact}
    every = max(1, len(people) // MOST)
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(_COLUMNS)
    rows.writerows(map(_row, list(people.values())[::every][:MOST]))
    return text.getvalue()


def _row(contact: ContactFields) -> tuple[str, ...]:
    return (
        contact.get("voter_id", ""),
        contact.get("external", {}).get("fec", ""),
        contact["email"].strip(),
        contact.get("region", ""),
    )
