"""A sender's own list of people, as CSV: what names them in it, and where one row ends and the next begins.

What the sender wrote is given back byte for byte, so that no other column changes on its way through.
"""

from streams.services.audience.csv_records import Record, fields_of, splitted
from streams.services.audience.header import Header, Unusable
from streams.services.audience.reader import Audience, open_audience, open_ids
from streams.services.audience.row_identifiers import hashes_of, strongest_of

__all__ = [
    "Audience",
    "Header",
    "Record",
    "Unusable",
    "fields_of",
    "hashes_of",
    "open_audience",
    "open_ids",
    "splitted",
    "strongest_of",
]
