"""Whether a person has said yes or no to what a message is for: of one purpose its own last word holds.

What is said of the whole channel, or of one list or sender, is told by `consent` and `stops` of the profile.
"""

from collections.abc import Sequence

from events.channels import MACHINE_CALLS, Channel, leaves_channel_open, plain_purpose
from events.interactions.anywhere import ConsentChannel
from events.outputs import ConsentWord, ContactProfile
from streams.domain.pressure.asking import Decision, Evidence, KnownProfile, PermissionRequest
from streams.domain.pressure.policy import ConsentRules, Policy


def withdrawal(known: KnownProfile, request: PermissionRequest, policy: Policy) -> Decision | None:
    """Why the person may not be reached for the purpose of the request; None: they have not refused it."""
    if not isinstance(known, dict) or "consent_ledger" not in known:
        return None
    asked = (request.purpose, MACHINE_CALLS) if _may_be_a_machines(request, policy) else (request.purpose,)
    for purpose in asked:
        word = last_word(known, request.channel, purpose)
        if word is not None and not word["granted"]:
            return Decision("deny", "consent_withdrawn", (Evidence(word["source"], word["id"]),))
    return None


def _may_be_a_machines(request: PermissionRequest, policy: Policy) -> bool:
    """Whether a machine calls, or may: where it is not said, for policies that tell such calls from others."""
    if request.channel != "phone" or request.automatic is not None:
        return request.automatic is True
    return any(condition.automatic for condition in policy.conditions)


def consent_denial(
    profile: ContactProfile, request: PermissionRequest, rules: ConsentRules, consent_to: str | None = None
) -> Decision | None:
    """Why a person has not consented, where that is needed; None: they have, by the rules.

    To the channel as a whole, or on it to the purpose of the request; with `consent_to` to that purpose alone. A no to
    the whole channel ends every yes before it. The evidence is each yes that holds and is no consent by the rules.
    """
    if consent_to is not None:
        return _denied(_standing(_said_of(profile, request.channel, plain_purpose(consent_to))), rules)
    of_channel = profile["consent"].get(request.channel) is True
    if of_channel and rules.takes_any:
        return None
    held = _standing(_said_of(profile, request.channel, request.purpose))
    if of_channel and request.channel not in rules.for_purpose:
        ledger = profile.get("consent_ledger", ())
        held += _standing([word for word in ledger if is_of_channel(word, request.channel)])
    return _denied(held, rules)


def _said_of(profile: ContactProfile, channel: Channel, purpose: str) -> list[ConsentWord]:
    """Words on a purpose, with each no to the whole channel."""
    return [
        word
        for word in profile.get("consent_ledger", ())
        if _is_to(word, channel, purpose) or (not word["granted"] and is_of_channel(word, channel))
    ]


def _denied(held: Sequence[ConsentWord], rules: ConsentRules) -> Decision | None:
    if any(counts_as_consent(word, rules) for word in held):
        return None
    return Decision("deny", "no_consent", tuple(sorted(Evidence(word["source"], word["id"]) for word in held)))


def _standing(words: Sequence[ConsentWord]) -> list[ConsentWord]:
    """Each yes after the last no; of equal times none. `words` speak of one thing, in order."""
    last_no = max((word["at"] for word in words if not word["granted"]), default="")
    return [word for word in words if word["granted"] and word["at"] > last_no]


def counts_as_consent(word: ConsentWord, rules: ConsentRules) -> bool:
    """Whether a yes is a consent by the rules: to whom it was said, on which ground, with a proof."""
    if rules.controller is not None and word.get("controller", rules.controller) != rules.controller:
        return False
    if rules.bases and word.get("basis") not in rules.bases:
        return False
    return "proof" in word or not rules.needs_proof


def last_word(profile: ContactProfile, channel: Channel, purpose: str) -> ConsentWord | None:
    """The last word on a purpose, on a channel or on all; of equal times a no."""
    last: ConsentWord | None = None
    for word in profile.get("consent_ledger", ()):
        if not _is_to(word, channel, purpose):
            continue
        if last is None or word["at"] > last["at"] or last["granted"]:
            last = word
    return last


def is_of_channel(word: ConsentWord, channel: ConsentChannel) -> bool:
    """Whether a word is about the whole channel, or all of them, and not about a part."""
    if "list_id" in word or "sender" in word or word["channel"] not in (channel, "all"):
        return False
    return "purpose" not in word or not (word["granted"] or leaves_channel_open(word["purpose"]))


def _is_to(word: ConsentWord, channel: Channel, purpose: str) -> bool:
    said = word.get("purpose")
    if said is None or "list_id" in word or "sender" in word:
        return False
    return word["channel"] in (channel, "all") and plain_purpose(said) == purpose
