"""The oracle's recount of the simpler sections of a profile, one function for each.

Every function gets the interactions that count, sorted by (time, source, id). So "the latest, of equals the larger" is
the one that the loop sees last, and "the smallest version" the one that it sees first.
"""

from datetime import UTC, datetime
from string import ascii_letters, digits
from typing import NamedTuple

from streams.demo.truth import ContactFields, Fields

Profile = dict[str, object]

CHANNELS = ("email", "text", "phone", "door", "letter")
_KNOWN = ("fundraising", "mobilisation", "mobilization", "informational", "transactional", "online_ads")


class CountedEvent(NamedTuple):
    """One interaction that counts, its time parsed."""

    at: datetime
    source: str
    id: str
    type: str
    contact: ContactFields
    fields: Fields

    @property
    def team(self) -> str:
        """The sending team: the field, else the first segment of the source."""
        return self.fields.get("team") or self.source.partition("/")[0]


def moment(text: str) -> datetime:
    """The time of an RFC 3339 text in UTC, cut to milliseconds."""
    at = datetime.fromisoformat(text).astimezone(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def text_of(at: datetime | None) -> str | None:
    """A time as profiles write it."""
    return None if at is None else f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


OWN_ACTS = {
    *("email.clicked", "email.unsubscribed", "email.complained", "text.replied", "text.opted_out"),
    *("donation.made", "donation.pledge_cancelled", "rsvp.made", "rsvp.cancelled", "rsvp.attended"),
    *("form.submitted", "consent.changed"),
}


def last_active(told: list[CountedEvent]) -> Profile:
    """The field `last_active_at`: when the person last did something of their own; no field where they never did."""
    last = None
    for one in told:
        if one.type in OWN_ACTS and not _is_on_other_ground(one):
            last = one.at
        if one.type == "canvass.reported" and one.fields["outcome"] == "contacted":
            last = one.at
        if one.type == "provenance.reported" and (one.fields.get("provenance") or {}).get("kind") == "self":
            last = one.at
    return {} if last is None else {"last_active_at": text_of(last)}


def _is_on_other_ground(one: CountedEvent) -> bool:
    """A yes that names another ground than consent: whoever sends it may send it every month."""
    return bool(one.fields.get("granted")) and basis_of(one) not in (None, "consent")


def basis_of(one: CountedEvent) -> str | None:
    """The ground that a word on consent names, if it is a label; other text is not kept."""
    basis = one.fields.get("basis")
    is_label = basis and len(basis) <= 128 and set(basis) <= set(ascii_letters + digits + "_.:/#-")
    return basis if is_label else None


def counts(told: list[CountedEvent]) -> dict[str, int]:
    """The section `counts`: how many interactions of each type; a type with none is absent."""
    found: dict[str, int] = {}
    for one in told:
        found[one.type] = found.get(one.type, 0) + 1
    return found


def email(told: list[CountedEvent], agreed: dict[str, bool], status: str) -> Profile:
    """The section `email`; `agreed`: the answer of `consent`; `status`: that of the best address."""
    opened = clicked = None
    for one in told:
        if one.type == "email.opened":
            opened = one.at
        if one.type == "email.clicked":
            clicked = one.at
    return {
        "subscribed": agreed.get("email", True),
        "status": status,
        "last_opened_at": text_of(opened),
        "last_clicked_at": text_of(clicked),
        "opens_human": 0,
        "clicks_human": 0,
    }


def one_version_each(told: list[CountedEvent]) -> list[CountedEvent]:
    """The interactions with only the first version of each gift, refund and canvass report.

    The later versions enter `counts` and `last_seen` and nothing else, not even `zones`.
    """
    seen = set()
    first = []
    for one in told:
        name = _name_of(one)
        if name is not None and (one.type, name) in seen:
            continue
        seen.add((one.type, name))
        first.append(one)
    return first


def _name_of(one: CountedEvent) -> str | None:
    if one.type == "donation.made":
        return one.fields["donation_id"]
    if one.type == "donation.refunded":
        return one.fields["refund_id"]
    if one.type == "canvass.reported":
        return one.fields.get("report_id")
    return None


def of_type(told: list[CountedEvent], type_: str) -> list[CountedEvent]:
    """The interactions of one type, in order."""
    return [one for one in told if one.type == type_]


def sections(told: list[CountedEvent]) -> Profile:
    """The parts of a profile that need nothing but what was told."""
    return {"canvass": canvass(told), "ballot": ballot(told), "tags": tags(told), "zones": zones(told)}


def canvass(told: list[CountedEvent]) -> Profile:
    """The section `canvass`: the latest finding of each kind."""
    reports = of_type(told, "canvass.reported")
    last = reports[-1] if reports else None
    support, support_at, support_by = None, None, None
    answers: dict[str, str] = {}
    for one in reports:
        if one.fields.get("support") is not None:
            support, support_at = one.fields["support"], one.at
            support_by = {"source": one.source, "id": one.id}
        told_now = one.fields.get("answers") or {}
        answers |= {question: answer for question, answer in told_now.items() if answer is not None}
    return {
        "attempts": len(reports),
        "contacts": len([one for one in reports if one.fields["outcome"] == "contacted"]),
        "last_at": text_of(last.at) if last else None,
        "last_method": last.fields["method"] if last else None,
        "last_outcome": last.fields["outcome"] if last else None,
        "support": support,
        "support_at": text_of(support_at),
        "support_by": support_by,
        "answers": answers,
    }


def tags(told: list[CountedEvent]) -> list[str]:
    """The section `tags`: those that are on at the end; one that a single report both adds and removes is off."""
    on: set[str] = set()
    for one in of_type(told, "canvass.reported"):
        on |= set(one.fields.get("tags_added") or ())
        on -= set(one.fields.get("tags_removed") or ())
    return sorted(on)


def ballot(told: list[CountedEvent]) -> dict[str, Profile]:
    """The section `ballot`: the latest status by election."""
    found: dict[str, Profile] = {}
    for one in told:
        if one.type == "ballot.reported":
            by = {"source": one.source, "id": one.id}
            found[one.fields["election"]] = {"status": one.fields["status"], "at": text_of(one.at), **by}
    return found


def zones(told: list[CountedEvent]) -> Profile:
    """The section `zones`: each attribute as last reported."""
    time_zone = region = postal_code = None
    for one in told:
        time_zone = one.contact.get("time_zone") or time_zone
        region = one.contact.get("region") or region
        postal_code = one.contact.get("postal_code") or postal_code
    return {"time_zone": time_zone, "region": region, "postal_code": postal_code}


def consent(told: list[CountedEvent]) -> dict[str, bool]:
    """The section `consent`: the latest word on each channel; at equal times a no wins, a complaint is for ever."""
    latest: dict[str, tuple[datetime, bool]] = {}
    complained = False
    for one in told:
        channels, granted = _word(one)
        for channel in channels:
            before = latest.get(channel)
            refused_just_now = before == (one.at, False)
            latest[channel] = (one.at, granted and not refused_just_now)
        complained = complained or (one.type == "email.complained" and bool(channels))
    found = {channel: granted for channel, (_, granted) in latest.items()}
    return found | {"email": False} if complained else found


def is_of_one_purpose(one: CountedEvent) -> bool:
    """Whether a word on consent leaves its channel as it is: any yes for a purpose, a no for one that is known."""
    purpose = one.fields.get("purpose")
    return purpose is not None and bool(one.fields["granted"] or purpose.lower() in _KNOWN)


def _word(one: CountedEvent) -> tuple[tuple[str, ...], bool]:
    """The channels that an interaction opens or closes, and which of the two; none where it names a part of one."""
    a_list, a_sender = one.fields.get("list_id") is not None, one.fields.get("sender") is not None
    if one.type in ("email.unsubscribed", "email.complained") and not a_list:
        return ("email",), False
    if one.type == "text.opted_out" and not a_sender:
        return ("text",), False
    if one.type == "consent.changed" and not a_list and not a_sender and not is_of_one_purpose(one):
        channel = one.fields["channel"]
        return CHANNELS if channel == "all" else (channel,), one.fields["granted"]
    return (), False
