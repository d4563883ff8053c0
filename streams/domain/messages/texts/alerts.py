"""Sentences about alerts: `alert.<rule>` names a rule, the others are the details of alerts on the topics."""

from collections.abc import Mapping

from streams.domain.messages.fields import Template

_STOPS = (
    *("erased", "deceased", "do_not_contact", "suppressed"),
    *("unsubscribed", "complained", "opted_out", "consent_withdrawn"),
)

ALERTS: Mapping[str, Template] = {
    "alert.over_cap": "over the cap",
    "alert.double_touch": "two teams too close together",
    "alert.touch_after_stop": "reached after a stop",
    "alert.complaint_after_pressure": "complained after too much",
    "alert.unsubscribe_after_pressure": "left after too much",
    "alert.erased": "forgotten",
    "alert.campaign_complaints": "complaints reach the limit",
    "alert.campaign_unsubscribes": "unsubscribes reach the limit",
    "alert.experiment_split_broken": "an experiment's split is broken",
    "alert.experiment_guardrail": "an experiment does harm",
    "alert.identity_crowded": "an identifier of too many",
    "alert.identity_disputed": "a disputed identifier",
    "alert.identity_overruled": "too many commands about one contact",
    "alert.identity_saturated": "an identifier of far too many",
    "alert.source_quarantined": "a source in quarantine",
    "alert_detail.touch_after_stop": "{team}: by {channel}, {reason} {age} before",
    "alert_detail.cap": "{teams}: {touches:d} touches by {channel} within {span}, at most {most:d}",
    "alert_detail.cap_of_purpose": (
        "{teams}: {touches:d} {purpose} touches by {channel} within {span}, at most {most:d}"
    ),
    "alert_detail.cap_on_all": "{teams}: {touches:d} touches on all channels within {span}, at most {most:d}",
    "alert_detail.cap_of_purpose_on_all": (
        "{teams}: {touches:d} {purpose} touches on all channels within {span}, at most {most:d}"
    ),
    "alert_detail.points": "{teams}: {points:d} milli-points, at most {most:d}",
    "alert_detail.double_touch": ("{team}: by {channel}, {apart} after {other} by {other_channel}; at least {least}"),
    "alert_detail.erased": "The person was forgotten; backups and the lake are the operator's",
    "alert_detail.complaints": (
        "{mailbox}: {count:d} complaints of {messages:d} {how}, {rate}; the limit is {limit}, from {least:d} on"
    ),
    "alert_detail.unsubscribes": (
        "{mailbox}: {count:d} unsubscribes of {messages:d} {how}, {rate}; the limit is {limit}, from {least:d} on"
    ),
    "alert_detail.sent": "sent",
    "alert_detail.delivered": "delivered",
    "alert_detail.variant_people": "{variant} {people}",
    "alert_detail.split": "people were not assigned as planned: {parts}",
    "alert_detail.guardrail": ("{metric}: {variant} has more than {baseline}, {more:+.3g} people of a hundred so far"),
    "alert_detail.crowded": ("more contacts carry this identifier than may share one: it links nobody while they do"),
    "alert_detail.disputed": (
        "people who conflict share this identifier (two voter ids of a state, or two ids in one system): "
        "it links nobody while they do; a command can say whose it is"
    ),
    "alert_detail.overruled": (
        "so many commands name this contact that none is kept any more that links it: take back what is wrong"
    ),
    "alert_detail.saturated": (
        "so many contacts carry this identifier that they are not kept: it links nobody until a rebuild"
    ),
    "alert_detail.quarantined": (
        "{refused:d} records refused within a minute, {share:tight} of what it sent: what can wait is held in the "
        "topic `quarantine` until {until:iso}, or longer if it goes on; money, refusals and touches are not. "
        "`harmonia dead-letters release` requeues it"
    ),
    **{f"stop.{reason}": reason for reason in _STOPS},
    "span.days": "{n}d",
    "span.hours": "{n}h",
    "span.minutes": "{n}m",
    "span.from_to": "{shortest} to {longest}",
    "percent": "{percent} %",
}
