"""The oracle's recount of `consent_ledger`: every word on consent, with what was said along with it."""

from collections.abc import Mapping
from typing import cast

from streams.demo.recount import CountedEvent, Profile, basis_of, text_of

_CHANNEL = {"email.unsubscribed": "email", "email.complained": "email", "text.opted_out": "text"}
_SCOPES = {
    "email.unsubscribed": ("list_id",),
    "email.complained": ("list_id",),
    "text.opted_out": ("sender",),
    "consent.changed": ("list_id", "sender"),
}
_TERMS = ("purpose", "controller", "wording", "proof")


def consent_ledger(told: list[CountedEvent]) -> Profile:
    """The field `consent_ledger` of a profile; no field where nothing was said. A basis is shown if it is a label."""
    words = [_word(one) for one in told if one.type in _SCOPES]
    return {"consent_ledger": words} if words else {}


def _word(one: CountedEvent) -> dict[str, object]:
    changed, fields = one.type == "consent.changed", cast(Mapping[str, object], one.fields)
    word: dict[str, object] = {
        "type": one.type,
        "channel": one.fields["channel"] if changed else _CHANNEL[one.type],
        "granted": bool(changed and one.fields["granted"]),
        "at": text_of(one.at),
        "source": one.source,
        "id": one.id,
    }
    for name in _SCOPES[one.type] + (_TERMS if changed else ()):
        if fields.get(name) is not None:
            word[name] = fields[name]
    if changed and (basis := basis_of(one)) is not None:
        word["basis"] = basis
    return word
