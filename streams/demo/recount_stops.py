"""The oracle's recount of `stops` (closed channels, lists and senders) and of `contact-suppressions`.

A word on one list or one sender goes by its name alone: a `consent.changed` that names one concerns only that, whatever
its channel.
"""

from collections.abc import Mapping

from streams.demo.recount import CHANNELS, CountedEvent, is_of_one_purpose, moment, of_type, text_of

Stop = dict[str, object]

_REASONS = {
    "email.unsubscribed": "unsubscribed",
    "email.complained": "complained",
    "text.opted_out": "opted_out",
    "consent.changed": "consent_withdrawn",
}
_FOR_GOOD = ("deceased", "do_not_contact")


def stops(told: list[CountedEvent], suppressions: list[CountedEvent]) -> dict[str, object]:
    """The section `stops`: closed channels, lists and senders, and why. `told` has one version of each report."""
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
    """The value of `contact-suppressions`: by channel why it is closed to everyone; empty where that is null."""
    everything = stops.get("all")
    found = {}
    for channel in CHANNELS:
        why = stops.get(channel)
        if isinstance(everything, dict) and (why is None or everything["reason"] in _FOR_GOOD):
            why = everything
        if isinstance(why, dict):
            found[channel] = {"since" if name == "at" else name: value for name, value in why.items()}
    return found


def _knows_lists(word: CountedEvent) -> bool:
    return word.type != "text.opted_out"


def _knows_senders(word: CountedEvent) -> bool:
    return word.type in ("text.opted_out", "consent.changed")


def _whole_channels(word: CountedEvent) -> tuple[str, ...]:
    """The channels that a word opens or closes as a whole."""
    if _knows_lists(word) and word.fields.get("list_id") is not None:
        return ()
    if _knows_senders(word) and word.fields.get("sender") is not None:
        return ()
    if word.type == "consent.changed" and is_of_one_purpose(word):
        return ()
    if word.type == "consent.changed":
        return CHANNELS if word.fields["channel"] == "all" else (word.fields["channel"],)
    return ("text",) if word.type == "text.opted_out" else ("email",)


def _by_name(named: list[tuple[str | None, CountedEvent]]) -> dict[str, Stop]:
    """The stop of each closed list or sender, by name."""
    found = {}
    for name in {name for name, _ in named if name is not None}:
        stop = _closed([word for other, word in named if other == name])
        if stop is not None:
            found[name] = stop
    return found


def _closed(words: list[CountedEvent]) -> Stop | None:
    """The stop that these words amount to: the last complaint, else the last no that is not older than the last yes."""
    complaints = of_type(words, "email.complained")
    if complaints:
        return _stop(complaints[-1], "complained")
    granted = [one for one in words if one.fields.get("granted")]
    refused = [one for one in words if not one.fields.get("granted")]
    if not refused or (granted and refused[-1].at < granted[-1].at):
        return None
    return _stop(refused[-1], _REASONS[refused[-1].type])


def _everything(told: list[CountedEvent], suppressions: list[CountedEvent]) -> Stop | None:
    """The stop of all channels at once, if there is one; death before `do_not_contact`, that before a suppression."""
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


def _stop(one: CountedEvent, reason: str) -> Stop:
    return {"reason": reason, "at": text_of(one.at), "source": one.source, "id": one.id}
