"""How the sums of one set of people lie in a row of 64-bit integers, and in the bytes that are stored of it.

A row has people, contaminated people and the seven sums of each metric; of households and turfs it goes on with people,
outcomes and covariates of each group. A metric's place is its stable id, so metrics are only ever added at the end, and
how many a row has is told by its length: a row that was stored before a metric was added has 0 for it, and sums of
metrics that this version does not know, told or stored by a newer one during an upgrade, are kept and added to.
"""

import zlib
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from events.experiments.metrics import METRICS
from streams.domain.contact.contribution import GROUPS

Ints: TypeAlias = NDArray[np.int64]

N, CONTAMINATED, SUMS = 0, 1, 2
"""Where in a row people are, and where the sums of the first metric begin."""
OF_A_METRIC = 7
Y, YY, X, XX, XY, YD, RAW = range(OF_A_METRIC)
"""Places of the sums of a metric."""
KNOWN = len(METRICS)
"""Metrics of this version."""
MOST_METRICS = 64
"""That a row may have. Up to here its length tells by itself how many it has, and whether it has groups."""


def width_of(metrics: int) -> int:
    """The length of a row without groups."""
    return SUMS + OF_A_METRIC * metrics


def width_of_group(metrics: int) -> int:
    """What each group adds to it: people, then outcomes and covariates of each metric."""
    return 1 + 2 * metrics


def width_with_groups(metrics: int) -> int:
    """The length of a row with groups."""
    return width_of(metrics) + GROUPS * width_of_group(metrics)


WIDTH, OF_A_GROUP, GROUPED_WIDTH = width_of(KNOWN), width_of_group(KNOWN), width_with_groups(KNOWN)
"""Of rows with the metrics of this version."""

_METRICS_OF_PLAIN = {width_of(metrics): metrics for metrics in range(MOST_METRICS + 1)}
_METRICS_OF_GROUPED = {width_with_groups(metrics): metrics for metrics in range(MOST_METRICS + 1)}

BARE_METRICS = 10
"""So many metrics there were when rows began to be stored: rows of this width are stored as they are, for ever."""
BARE = width_of(BARE_METRICS) * 8
"""Bytes of such a row."""
_WIDE = b"w"
"""Before the bytes of a row without groups that has another width."""
_PACKED = b"z"
"""Before a row with groups, once or twice, so that it has another length than a bare row."""


def metrics_in(row: Ints) -> int:
    """How many metrics a row has. Raises `ValueError` where it is no row."""
    found = _METRICS_OF_PLAIN.get(row.size, _METRICS_OF_GROUPED.get(row.size))
    if found is None:
        raise ValueError(f"{row.size} integers are no row of sums")
    return found


def has_groups(row: Ints) -> bool:
    """Whether it goes on with households or turfs."""
    return row.size in _METRICS_OF_GROUPED


def with_metrics(row: Ints, metrics: int) -> Ints:
    """The same sums in a row of so many metrics: 0 for those that it lacks, without those that are too many."""
    held = metrics_in(row)
    if held == metrics:
        return row
    both, grouped = min(held, metrics), has_groups(row)
    found = np.zeros(width_with_groups(metrics) if grouped else width_of(metrics), np.int64)
    found[: width_of(both)] = row[: width_of(both)]
    if grouped:
        shape = GROUPS, width_of_group(metrics)
        was = row[width_of(held) :].reshape(GROUPS, width_of_group(held))
        found[width_of(metrics) :].reshape(shape)[:, : width_of_group(both)] = was[:, : width_of_group(both)]
    return found


def row_of(data: bytes) -> Ints:
    """The row that was written, with the metrics of this version at least; of nothing all 0."""
    if not data:
        return np.zeros(WIDTH, np.int64)
    row = np.frombuffer(_unpacked(data), np.int64)
    return row if row.size == WIDTH else with_metrics(row, max(KNOWN, metrics_in(row)))


def _unpacked(data: bytes) -> bytes:
    if len(data) == BARE:
        return data
    return data[1:] if data.startswith(_WIDE) else zlib.decompress(data.lstrip(_PACKED))


def encode_row(row: Ints) -> bytes:
    """The bytes of a row; empty where all is 0. One with groups is packed, being forty times as long and full of zeros.

    Of metrics that this version does not know, those at the end of which there is nothing are left out.
    """
    if row.size not in (WIDTH, GROUPED_WIDTH):
        row = _trimmed(row)
    if not has_groups(row):
        return encode_plain_row(row)
    data = row.tobytes()
    if data == bytes(len(data)):  # to ask numpy takes several times as long, and it is asked for each cell
        return b""
    packed = _PACKED + zlib.compress(data, 1)
    return packed if len(packed) != BARE else _PACKED + packed


def _trimmed(row: Ints) -> Ints:
    metrics = metrics_in(row)
    while metrics > KNOWN and np.array_equal(row, with_metrics(with_metrics(row, metrics - 1), metrics_in(row))):
        metrics -= 1
    return with_metrics(row, metrics)


_NOTHING = bytes(width_of(MOST_METRICS) * 8)


def encode_plain_row(row: Ints) -> bytes:
    """The bytes of a row that has no groups; empty where all is 0."""
    data = row.tobytes()
    if data == _NOTHING[: len(data)]:
        return b""
    return data if len(data) == BARE else _WIDE + data


def plain_bytes_of(data: bytes) -> bytes | None:
    """The integers of what was stored, if it is a row without groups and with this version's metrics; else None."""
    if len(data) == BARE:
        return data if KNOWN == BARE_METRICS else None
    return data[1:] if len(data) == WIDTH * 8 + 1 and data.startswith(_WIDE) else None


def fits_plain(data: bytes) -> bool:
    """Whether a row of this version's metrics without groups holds all that was stored."""
    return not data or len(data) == BARE or (data.startswith(_WIDE) and len(data) <= WIDTH * 8 + 1)


def sum_of(one: Ints, other: Ints) -> Ints:
    """The sum of two rows: with groups where either has them, and with the metrics of both."""
    if one.size == other.size:
        return one + other
    metrics = max(metrics_in(one), metrics_in(other))
    one, other = with_metrics(one, metrics), with_metrics(other, metrics)
    short, long = sorted((one, other), key=lambda each: each.size)
    whole = long.copy()
    whole[: short.size] += short
    return whole
