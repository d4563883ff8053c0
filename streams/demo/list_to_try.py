"""A list of the demo's people, as an office would save it, to try with it who may be reached."""

from collections.abc import Iterable

from streams.demo.evening import name_of
from streams.demo.truth import ContactFields, Sent
from streams.services.audience.csv_writing import csv_row

PATH = "/demo/people.csv"
FILE = "people.csv"
"""Its name in the folder of the demo's console."""
MOST = 300
_COLUMNS = ("voter_id", "external.fec", "email", "region")


def list_to_try(sent: Iterable[Sent]) -> str:
    """A list in CSV of some people to whom e-mails were sent, of all times alike, each once."""
    people = {name_of(one.contact): one.contact for one in sent if one.type == "email.sent" and "email" in one.contact}
    every = max(1, len(people) // MOST)
    chosen = list(people.values())[::every][:MOST]
    return b"".join(map(csv_row, [_COLUMNS, *map(_row, chosen)])).decode()


def _row(contact: ContactFields) -> tuple[str, ...]:
    return (
        contact.get("voter_id", ""),
        contact.get("external", {}).get("fec", ""),
        contact["email"].strip(),
        contact.get("region", ""),
    )
