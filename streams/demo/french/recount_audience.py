"""The oracle of the audience gate: who may be in an audience for political ads online, in plain loops.

It knows the packaged policies of `fr` and `eu` as a reader does: a yes needs `basis = "consent"` and a proof, and
nothing is taken of petitions, staff and civic registers.
"""

from collections.abc import Sequence

from streams.demo.recount import CountedEvent, is_of_one_purpose
from streams.demo.recount_stops import stops

REFUSED_KINDS = ("petition", "staff", "civic_register")
_WAYS = frozenset({"email", "text", "phone", "door", "letter"})
_CLOSING = {"email.unsubscribed": "email", "email.complained": "email", "text.opted_out": "text"}


def why_out(told: Sequence[CountedEvent]) -> str | None:
    """The first thing that keeps a person out; None: nothing does. `told`: what counts of one person, in order."""
    if "all" in stops(list(told), []):
        return "closed"
    kinds = [(one.fields.get("provenance") or {}).get("kind") for one in told if not one.type.startswith("email.")]
    if "self" not in kinds:
        return "no_direct_collection"
    return _why_not_agreed(told) or _why_not_of_age(told)


def _why_not_agreed(told: Sequence[CountedEvent]) -> str | None:
    held: list[tuple[frozenset[str], bool]] = []
    said = withdrawn = False
    for moment in sorted({one.at for one in told}):
        now = [one for one in told if one.at == moment]
        for one in now:
            if _is_yes(one):
                said = True
                proven = one.fields.get("basis") == "consent" and bool(one.fields.get("proof"))
                named = one.fields["channel"]
                held.append((_WAYS if named == "all" else frozenset({named}), proven))
        for one in now:
            withdrawn = withdrawn or _is_about_ads(one)
            shut = _shut_by(one)
            held = [(ways - shut, proven) for ways, proven in held if not ways <= shut]
    if any(proven for _, proven in held):
        return None
    if held or not (said or withdrawn):
        return "no_consent"
    return "consent_withdrawn"


def _is_yes(one: CountedEvent) -> bool:
    if one.type != "consent.changed" or not one.fields["granted"]:
        return False
    is_of_part = one.fields.get("list_id") is not None or one.fields.get("sender") is not None
    return not is_of_part and (one.fields.get("purpose") or "").lower() == "online_ads"


def _is_about_ads(one: CountedEvent) -> bool:
    """Whether it is a no to ads, be it to one list or sender alone."""
    if one.type != "consent.changed" or one.fields["granted"]:
        return False
    return (one.fields.get("purpose") or "").lower() == "online_ads"


def _shut_by(one: CountedEvent) -> frozenset[str]:
    """The channels that it takes from a yes, which is over with its last one. A no to ads takes all."""
    if _is_about_ads(one):
        return _WAYS
    if one.fields.get("list_id") is not None or one.fields.get("sender") is not None:
        return frozenset()
    if one.type in _CLOSING:
        return frozenset({_CLOSING[one.type]})
    if one.type != "consent.changed" or one.fields["granted"] or is_of_one_purpose(one):
        return frozenset()
    return _WAYS if one.fields["channel"] == "all" else frozenset({one.fields["channel"]})


def _why_not_of_age(told: Sequence[CountedEvent]) -> str | None:
    """By the last word; where one moment has both, by the no."""
    verdict: bool | None = None
    since = None
    for one in told:
        source = one.fields.get("provenance") or {}
        word = source.get("of_age")
        if word is None or (word and source["kind"] in REFUSED_KINDS):
            continue
        verdict = (verdict and word) if since == one.at else word
        since = one.at
    if verdict is None:
        return "age_unknown"
    return None if verdict else "under_age"
