"""The columns of the lake. One schema for all types, so that one query reads them all; names are as fixed as a topic's.

`date` and `type` are no columns of a file: they are the names of the folders in which it lies, as Hive has it, and
every reader that knows of Hive's folders shows them as columns. Columns may be added at the end, none is renamed.
"""

from typing import TypeAlias

import pyarrow as pa

from events.fields import Id, Name, Text, Url, kinds_of
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
"""Where a row stood in `interactions`; the first three name it. `appended_at` is the broker's time, `fragment` the
record's key: whom it is about."""

ENVELOPE: dict[str, ArrowType] = {"id": TEXT, "source": TEXT, "time": MOMENT, "team": TEXT}
"""What CloudEvents says, and the team behind it."""

IDENTIFIERS: dict[str, ArrowType] = {
    "named_contact_id": TEXT,
    "voter_id": TEXT,
    "external": BY_NAME,
    "email": TEXT,
    "phone": TEXT,
}
"""The identifiers of `data.contact`: keyed hashes, but for `named_contact_id`, a `contact_id` that was used as it is.
`external`: by the other system's name."""

ATTRIBUTES: dict[str, ArrowType] = {
    "region": TEXT,
    "postal_code": TEXT,
    "time_zone": TEXT,
    "language": TEXT,
    "household": TEXT,
    "mailbox": TEXT,
    "voter_state": TEXT,
}
"""What else `data.contact` says."""

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

_NAMED = STANDING | ENVELOPE | IDENTIFIERS | ATTRIBUTES | FIELDS

MORE: dict[str, ArrowType] = {
    name: TEXT
    for model in MODELS.values()
    for name, kind in kinds_of(model).items()
    if name not in _NAMED and any(kind == text for text in (Id, Text, Name, Url))
}
"""Ids and other texts of types that are not named above. An erasure takes all of them."""

FIELDS |= MORE

EVENT = "event"
"""The record's bytes as they are, JSON: folding again needs nothing else. Null where the record had none."""

COLUMNS: dict[str, ArrowType] = {**STANDING, **ENVELOPE, **IDENTIFIERS, **ATTRIBUTES, **FIELDS, EVENT: pa.binary()}

INTERACTIONS_SCHEMA = pa.schema(list(COLUMNS.items()))

OTHER_TYPE = "other"
"""The folder of what is no interaction of a known type: nothing but intake writes to the topic, but somebody might."""
