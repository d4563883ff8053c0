"""The oracle's answer for what a person has closed, and for what `contact-suppressions` says of it.

What is said of one list or one sender goes by its name alone: whatever channel a `consent.changed` speaks of, it is a
word on the list or sender that it names.
"""

from collections.abc import Mapping

from streams.demo.recount import CHANNELS, Told, moment, of_type, text_of

Stop = dict[str, object]

_REASONS = {
    "email.unsubscribed": "unsubscribed",
    "email.complained": "complained",
    "text.opted_out": "opted_out",
    "consent.changed": "consent_withdrawn",
}
_FOR_GOOD = ("deceased", "do_not_contact")


def stops(told: list[Told], suppressions: list[Told]) -> dict[str, object]:
    """Who may not write or call, and why. `told` has one version of each report, both are sorted."""
    words = [one for one in told if one.type in _REASONS]
    found: dict[str, object] = {
        "senders": _by_name([(one.fields.get("sender"), one) for one in words if _knows_senders(one)]),
        "lists": _by_name([(one.fields.get("list_id"), one) for one in words if _knows_lists(one)]),
    }
    for channel in CHANNELS:
        stop = _closed([one for one in words if channel in _whole_channels(one)])
        if stop is not None:
            found[channel] = stop
    everything = _everything(told, suppressions)
    return found if everything is None else found | {"all": everything}


def suppressions(stops: Mapping[str, object]) -> dict[str, Stop]:
    """By channel why it is closed to everyone, as `contact-suppressions` has it; empty where that is null."""
    everything = stops.get("all")
    found = {}
    for channel in CHANNELS:
        why = stops.get(channel)
        if isinstance(everything, dict) and (why is None or everything["reason"] in _FOR_GOOD):
            why = everything
        if isinstance(why, dict):
            found[channel] = {"since" if name == "at" else name: value for name, value in why.items()}
    return found


def _knows_lists(word: Told) -> bool:
    return word.type != "text.opted_out"


def _knows_senders(word: Told) -> bool:
    return word.type in ("text.opted_out", "consent.changed")


def _whole_channels(word: Told) -> tuple[str, ...]:
    """The channels of which it speaks as a whole."""
    if _knows_lists(word) and word.fields.get("list_id") is not None:
        return ()
    if _knows_senders(word) and word.fields.get("sender") is not None:
        return ()
    if word.type == "consent.changed":
        return CHANNELS if word.fields["channel"] == "all" else (word.fields["channel"],)
    return ("text",) if word.type == "text.opted_out" else ("email",)


def _by_name(named: list[tuple[str | None, Told]]) -> dict[str, Stop]:
    """The stop of each list or sender that is closed."""
    found = {}
    for name in {name for name, _ in named if name is not None}:
        stop = _closed([word for other, word in named if other == name])
        if stop is not None:
            found[name] = stop
    return found


def _closed(words: list[Told]) -> Stop | None:
    """The last complaint, else the last no that is not older than the last yes."""
    complaints = of_type(words, "email.complained")
    if complaints:
        return _stop(complaints[-1], "complained")
    granted = [one for one in words if one.fields.get("granted")]
    refused = [one for one in words if not one.fields.get("granted")]
    if not refused or (granted and refused[-1].at < granted[-1].at):
        return None
    return _stop(refused[-1], _REASONS[refused[-1].type])


def _everything(told: list[Told], suppressions: list[Told]) -> Stop | None:
    """The last word that nobody is to approach this person at all, the gravest kind of it first."""
    for outcome in _FOR_GOOD:
        reports = [one for one in of_type(told, "canvass.reported") if one.fields["outcome"] == outcome]
        if reports:
            return _stop(reports[-1], outcome)
    ends = [(one, one.fields.get("until")) for one in suppressions]
    counting = [(one, until) for one, until in ends if until is None or moment(until) >= one.at]
    if not counting:
        return None
    last, until = counting[-1]
    if until is None:
        return _stop(last, "suppressed")
    return None if moment(until) == last.at else _stop(last, "suppressed") | {"until": text_of(moment(until))}


def _stop(one: Told, reason: str) -> Stop:
    return {"reason": reason, "at": text_of(one.at), "source": one.source, "id": one.id}
