"""Audiences, which are senders' own lists of people as CSV: reading the header, the rows, and who each row names.

Rows are handed on byte for byte as the sender wrote them, so that no other column changes on its way through.
"""

from streams.services.audience.csv_records import CsvRecord, fields_of, in_chunks, split_line_end
from streams.services.audience.header import Header, UnusableAudience, hashes_of, identifiers_of, strongest_of
from streams.services.audience.reader import Audience, open_audience, open_ids

__all__ = [
    "Audience",
    "CsvRecord",
    "Header",
    "UnusableAudience",
    "fields_of",
    "hashes_of",
    "identifiers_of",
    "in_chunks",
    "open_audience",
    "open_ids",
    "split_line_end",
    "strongest_of",
]
