"""The columns of the lake: one schema for all types, so that one query reads them all. Their names are public.

`date` and `type` are not columns of a file but the names of its folders, in Hive's way: every reader that knows Hive's
layout shows them as columns. Columns may be added at the end, none is renamed.
"""

from typing import Annotated, Literal, TypeAlias, get_args, get_origin

import pyarrow as pa

from events.fields import Id, Label, Name, Text, Timestamp, Url, kinds_of
from events.registry import MODELS

ArrowType: TypeAlias = pa.DataType

TEXT = pa.string()
TEXTS = pa.list_(TEXT)
BY_NAME = pa.map_(TEXT, TEXT)
MOMENT = pa.timestamp("ms", tz="UTC")

STANDING: dict[str, ArrowType] = {
    "topic_id": TEXT,
    "partition": pa.int32(),
    "offset": pa.int64(),
    "appended_at": MOMENT,
    "fragment": TEXT,
}
"""The place of a row in `interactions`; the first three are unique. `appended_at` is the broker's time, `fragment` the
record's key: whom it is about."""

ENVELOPE: dict[str, ArrowType] = {"id": TEXT, "source": TEXT, "time": MOMENT, "team": TEXT}
"""The attributes of the CloudEvent, and its team."""

IDENTIFIERS: dict[str, ArrowType] = {
    "named_contact_id": TEXT,
    "voter_id": TEXT,
    "external": BY_NAME,
    "email": TEXT,
    "phone": TEXT,
}
"""The identifiers of `data.contact`: keyed hashes, but for `named_contact_id`, a `contact_id` as it was given.
`external`: by the name of the other system."""

ATTRIBUTES: dict[str, ArrowType] = {
    "region": TEXT,
    "postal_code": TEXT,
    "time_zone": TEXT,
    "language": TEXT,
    "household": TEXT,
    "mailbox": TEXT,
    "voter_state": TEXT,
}
"""The other fields of `data.contact`."""

FIELDS: dict[str, ArrowType] = {
    "campaign_id": TEXT,
    "universe": TEXT,
    "turf": TEXT,
    "message_id": TEXT,
    "purpose": TEXT,
    "list_id": TEXT,
    "experiment_id": TEXT,
    "variant": TEXT,
    "cluster": TEXT,
    "user_agent": TEXT,
    "machine": pa.bool_(),
    "url": TEXT,
    "reason": TEXT,
    "kind": TEXT,
    "donation_id": TEXT,
    "refund_id": TEXT,
    "amount": pa.int64(),
    "currency": TEXT,
    "pledge_id": TEXT,
    "period": TEXT,
    "instalment": pa.int64(),
    "committee": TEXT,
    "election": TEXT,
    "refcode": TEXT,
    "method": TEXT,
    "outcome": TEXT,
    "report_id": TEXT,
    "canvasser_id": TEXT,
    "support": pa.int32(),
    "answers": TEXT,
    "tags_added": TEXTS,
    "tags_removed": TEXTS,
    "status": TEXT,
    "sender": TEXT,
    "keyword": TEXT,
    "event_id": TEXT,
    "starts_at": MOMENT,
    "form_id": TEXT,
    "channel": TEXT,
    "granted": pa.bool_(),
    "basis": TEXT,
    "retracts_source": TEXT,
    "retracts_id": TEXT,
    "contact_ids": TEXTS,
    "until": MOMENT,
}
"""The fields of all types, null where a type has none. `amount` in minor units; `answers` as a JSON object;
`experiment_id` and `variant` are those of `experiment`, `retracts_*` those of `retracts`."""

LATER: dict[str, ArrowType] = {
    "provenance_kind": TEXT,
    "provenance_obtained_at": TEXT,
    "provenance_file": TEXT,
    "provenance_notice": TEXT,
}
"""Fields of `provenance`; an erasure takes them. Behind those of `MORE`, since they came later."""

_NAMED = STANDING | ENVELOPE | IDENTIFIERS | ATTRIBUTES | FIELDS

_KINDS: tuple[tuple[object, ArrowType], ...] = (
    *((text, TEXT) for text in (Id, Text, Name, Url, Label)),
    (Timestamp, MOMENT),
    (bool, pa.bool_()),
    (int, pa.int64()),
)


def column_type(kind: object) -> ArrowType | None:
    """The column of a field of this kind, as its model declares it; None where none follows from that."""
    if get_origin(kind) is Literal:
        return TEXT
    if get_origin(kind) is Annotated and get_args(kind)[0] is int:
        kind = int
    return next((column for each, column in _KINDS if each == kind), None)


MORE: dict[str, ArrowType] = {
    name: column
    for model in MODELS.values()
    for name, kind in kinds_of(model).items()
    if name not in _NAMED and (column := column_type(kind)) is not None
}
"""Fields of types that are not named above. An erasure takes all of them."""

FIELDS |= MORE | LATER

EVENT = "event"
"""The column with the record's bytes as they are (JSON); refolding needs no other. Null for a record without value."""

COLUMNS: dict[str, ArrowType] = {**STANDING, **ENVELOPE, **IDENTIFIERS, **ATTRIBUTES, **FIELDS, EVENT: pa.binary()}

INTERACTIONS_SCHEMA = pa.schema(list(COLUMNS.items()))

OTHER_TYPE = "other"
"""The folder of records of no known type: only intake writes to the topic, but others could."""
