"""The reasons for which records are refused (`dl_reason`), and a refusal with its sentence for the producer."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """All values of `dl_reason`, in the order in which they are judged; the first that applies is given.

    `QUARANTINED` is in the topic `quarantine` alone, for records with no other mistake.
    """

    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    NOT_CLOUDEVENT = "not_cloudevent"
    UNKNOWN_TYPE = "unknown_type"
    NO_TIME = "no_time"
    TIME_IN_FUTURE = "time_in_future"
    NO_IDENTIFIER = "no_identifier"
    INVALID_DATA = "invalid_data"
    REFUSED_SOURCE = "refused_source"
    UNSUPPORTED_TYPE = "unsupported_type"
    MEMO_ENTRY = "memo_entry"
    MALFORMED_ROW = "malformed_row"
    CONTACT_FULL = "contact_full"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that does not count. `detail` names the field and the cure, and never holds a value of the record."""

    reason: Reason
    detail: str
