"""Which channels a person said yes or no to. Doubt is a no: equal times refuse, and a complaint is never lifted."""

from collections.abc import Sequence

from events.interactions.anywhere import ConsentChannel
from streams.domain.contact.state import Consent, Fact

CHANNELS: tuple[ConsentChannel, ...] = ("email", "text", "phone", "door", "letter")


def consent(consents: Sequence[tuple[Fact, Consent]]) -> dict[ConsentChannel, bool]:
    """The channels that were heard of. What is said of one list, sender or purpose leaves its channel as it is."""
    if not consents:
        return {}
    heard: dict[ConsentChannel, tuple[int, bool]] = {}
    complained = False
    for fact, said in consents:
        if not said.is_of_channel:
            continue
        complained = complained or fact.type == "email.complained"
        for channel in CHANNELS if said.channel == "all" else (said.channel,):
            heard[channel] = _later(heard.get(channel), (fact.time, said.granted))
    granted = {channel: yes for channel, (_, yes) in heard.items()}
    if complained:
        granted["email"] = False
    return granted


def _later(before: tuple[int, bool] | None, now: tuple[int, bool]) -> tuple[int, bool]:
    if before is None or now[0] > before[0]:
        return now
    return now[0], before[1] and now[1]
