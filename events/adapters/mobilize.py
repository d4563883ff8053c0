"""Mobilize's attendances: each is one person's place in one shift (`timeslot`) of an event.

An attendance is several acts: that it was made, and then, by its latest state, that it was cancelled, kept or missed.
Each has an id of its own, so a later delivery adds the new ones. A shift is the event here, since somebody who comes to
one of an event's shifts has missed the other. Attendance bears the time of the shift's start, since a guest is checked
in before its end. The opt-in to texts is the present state in Mobilize, not a word given with this attendance, so it
closes texts and opens none.
"""

from collections.abc import Iterable

from events.adapters import osdi
from events.adapters.drafts import Draft, DraftResult, read_listed
from events.adapters.feed import AdapterResult, Feed
from events.adapters.values import object_at, objects_in, present, seconds, text_of
from events.json_types import JSON
from events.refusal import Reason, Refusal
from events.times import render_time

SYSTEM = "mobilize"
_CLOSES = "OPT_OUT"
_UNKNOWN = Refusal(Reason.UNSUPPORTED_TYPE, "element: not an attendance of Mobilize's, with an id and an event")


def read(body: bytes, feed: Feed) -> list[AdapterResult]:
    """Each attendance of a page of the API (`data`), of an array, or one alone."""
    return read_listed(body, "data", feed, _one)


def _one(element: dict[str, JSON], feed: Feed) -> Iterable[DraftResult]:
    listed = element.get("data")
    for attendance in objects_in(listed) if isinstance(listed, list) else [element]:
        yield from _story(attendance)


def _story(attendance: dict[str, JSON]) -> Iterable[DraftResult]:
    id_, event = text_of(attendance.get("id")), text_of(object_at(attendance, "event").get("id"))
    if id_ is None or event is None:
        yield _UNKNOWN
        return
    shift = object_at(attendance, "timeslot")
    data: dict[str, JSON] = {
        "contact": _contact(attendance),
        "event_id": _place(event, shift),
    }
    starts = seconds(shift.get("start_date"), "timeslot.start_date")
    if not isinstance(starts, Refusal):
        data["starts_at"] = render_time(starts)
    made = seconds(attendance.get("created_date"), "created_date")
    yield Draft("rsvp.made", made, (SYSTEM, id_, "made"), data)
    if text_of(attendance.get("status")) == "CANCELLED":
        time = seconds(attendance.get("modified_date"), "modified_date")
        yield Draft("rsvp.cancelled", time, (SYSTEM, id_, "cancelled"), data)
    came = attendance.get("attended")
    if isinstance(came, bool):
        yield Draft("rsvp.attended" if came else "rsvp.no_show", starts, (SYSTEM, id_, "came", came), data)
    if text_of(object_at(attendance, "person").get("sms_opt_in_status")) == _CLOSES:
        changed = attendance.get("modified_date") or attendance.get("created_date")
        since = seconds(changed, "modified_date")
        consent: dict[str, JSON] = {"contact": data["contact"], "channel": "text", "granted": False, "basis": SYSTEM}
        yield Draft("consent.changed", since, (SYSTEM, id_, "text", text_of(changed)), consent)


def _place(event: str, shift: dict[str, JSON]) -> str:
    named = text_of(shift.get("id"))
    return f"{SYSTEM}:{event}:{named}" if named else f"{SYSTEM}:{event}"


def _contact(attendance: dict[str, JSON]) -> dict[str, JSON]:
    found = object_at(attendance, "person")
    id_ = text_of(found.get("person_id")) or text_of(found.get("id"))
    contact = osdi.person(found, SYSTEM, id_)
    return contact | present(postal_code=contact.get("postal_code") or text_of(found.get("postal_code")))
