"""The real donations of the demo: the file that comes with the package, read by the ordinary importer."""

import gzip
from importlib.resources import files

from events.adapters.fec import Imported, rows
from events.envelope import Interaction
from events.times import render_time
from events.topics import DONATION_EVENTS
from streams.demo.truth import ContactFields, Fields, Sent

FILE_NAME = "fec-2012-contributions.csv.gz"


def contributions() -> list[Imported]:
    """Every row of the file, as a donation or refused, in the file's order."""
    packed = files("streams.demo").joinpath("data", FILE_NAME).read_bytes()
    return list(rows(gzip.decompress(packed).splitlines()))


def as_sent(donation: Interaction) -> Sent:
    """An imported donation in the plain form of the truth."""
    data = donation.data.plain()
    contact: ContactFields = data.pop("contact")  # type: ignore[assignment]
    fields: Fields = data  # type: ignore[assignment]
    time = render_time(donation.time)
    return Sent(DONATION_EVENTS, donation.type, donation.source, donation.id, time, contact, fields)
