"""Whether a person has said yes or no to what a message is for: of one purpose its own last word holds.

What is said of the whole channel, or of one list or sender, is told by `consent` and `stops` of the profile.
"""

from events.channels import canonical_purpose
from events.outputs import ConsentWord, ContactProfile
from streams.domain.pressure.asking import Decision, Evidence, KnownProfile, PermissionRequest


def withdrawal(known: KnownProfile, request: PermissionRequest) -> Decision | None:
    """Why the person may not be reached for the purpose of the request; None: they have not refused it."""
    if not isinstance(known, dict) or "consent_ledger" not in known:
        return None
    word = last_word(known, request)
    if word is None or word["granted"]:
        return None
    return Decision("deny", "consent_withdrawn", (Evidence(word["source"], word["id"]),))


def has_consent(profile: ContactProfile, request: PermissionRequest) -> bool:
    """Whether the person has agreed to the channel as a whole, or on it to the purpose of the request."""
    if profile["consent"].get(request.channel) is True:
        return True
    word = last_word(profile, request)
    return word is not None and word["granted"]


def last_word(profile: ContactProfile, request: PermissionRequest) -> ConsentWord | None:
    """The last word on the purpose of the request, on its channel or on all; of equal times a no."""
    last: ConsentWord | None = None
    for word in profile.get("consent_ledger", ()):
        if not _is_about(word, request):
            continue
        if last is None or word["at"] > last["at"] or last["granted"]:
            last = word
    return last


def _is_about(word: ConsentWord, request: PermissionRequest) -> bool:
    purpose = word.get("purpose")
    if purpose is None or "list_id" in word or "sender" in word:
        return False
    return word["channel"] in (request.channel, "all") and plain_purpose(purpose) == request.purpose


def plain_purpose(purpose: str) -> str:
    """One purpose however it is written: case and the American spelling make no other purpose of it."""
    return str(canonical_purpose(purpose.casefold()))
