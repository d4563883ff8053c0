"""Alerts about a contact, by what was just heard of them; and the header in which a fragment passes that on.

Whoever shows a person judges: the fragment that stands alone, and the canonical id, which is told by its fragments
what they have taken. A fragment that comes to a canonical id with what it heard before was judged where it was then.
"""

from collections.abc import Collection, Iterable
from hashlib import blake2b

import msgspec
import orjson

from events.json_types import UNREADABLE
from events.outputs import Alert
from events.times import render_time
from streams.domain.contact.person_view import Overview
from streams.domain.contact.publication.alert_triggers import Trigger, unheard
from streams.domain.contact.state import ContactState
from streams.domain.pressure.alerting import PressureAlert, pressure_alerts
from streams.domain.pressure.policy import Policy
from streams.engine.writer import Headers

TRIGGERS = "triggers"
"""Header of a record of `contact-fragments`: what the fragment has just taken."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[Trigger, ...]).decode


def alerts(
    policy: Policy, contact_id: str, known: Overview, found: Collection[Trigger], before: Iterable[ContactState]
) -> list[Alert]:
    """New alerts by the policy. `found`: what was taken in this chunk; `before`: the person's fragments before it."""
    raised = pressure_alerts(policy, known, {each.key for each in found})
    if not raised:
        return []
    asked = {each.evidence[0] for each in raised}
    new = {each.key for each in unheard([each for each in found if each.key in asked], before)}
    return [_alert(policy, contact_id, each) for each in raised if each.evidence[0] in new]


def alert_id(rule: str, contact_id: str, source: str, id_: str, version: object) -> str:
    """An alert's id: the same for the same trigger, judged by the same version of the rules."""
    return blake2b(orjson.dumps([rule, contact_id, source, id_, version]), digest_size=16).hexdigest()


def trigger_headers(found: Collection[Trigger]) -> Headers:
    """Headers for a record of `contact-fragments` that pass on what the fragment has just taken."""
    return [(TRIGGERS, _encode(found))] if found else []


def triggers_in(headers: Headers) -> tuple[Trigger, ...]:
    """What a fragment has just taken, by its record's headers; nothing where they cannot be read."""
    for name, value in headers:
        if name == TRIGGERS and value is not None:
            try:
                return _decode(value)
            except UNREADABLE:
                return ()
    return ()


def _alert(policy: Policy, contact_id: str, raised: PressureAlert) -> Alert:
    return {
        "alert_id": alert_id(raised.rule, contact_id, *raised.evidence[0], policy.version),
        "rule": raised.rule,
        "contact_id": contact_id,
        "at": render_time(raised.at),
        "evidence": [{"source": source, "id": id_} for source, id_ in raised.evidence],
        "detail": raised.detail,
    }
