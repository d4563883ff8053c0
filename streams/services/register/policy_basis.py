"""What a policy asks before anybody is reached on a channel: consent, where they come from, for which purposes."""

from collections.abc import Iterator

from msgspec import Struct

from events.channels import Channel
from streams.domain.messages import Listed
from streams.domain.pressure import Policy
from streams.domain.pressure.policy import CHANNELS
from streams.domain.pressure.policy_conditions import PolicyCondition
from streams.services.console.words import Words

_MINUTE_MS, _HOUR_MS, _DAY_MS = 60_000, 3_600_000, 86_400_000


class AskedOnChannel(Struct, frozen=True):
    """What is asked on a channel, a sentence each; nothing where the policy asks for none of it."""

    channel: Channel
    name: str
    asked: tuple[str, ...]


def asked_by(policy: Policy, words: Words) -> Iterator[AskedOnChannel]:
    """Of each channel what the policy asks there."""
    for channel in CHANNELS:
        yield AskedOnChannel(channel, words.name("channel", channel), tuple(_asked(policy, channel, words)))


def _asked(policy: Policy, channel: Channel, words: Words) -> Iterator[str]:
    if channel in policy.closures.needs_consent:
        yield " ".join([words.text("Only whom said yes to it."), *_terms(policy, channel, words)])
    for condition in policy.conditions:
        if condition.channel == channel:
            yield " ".join(_condition(policy, condition, words))


def _terms(policy: Policy, channel: Channel, words: Words) -> Iterator[str]:
    """Which yes is one."""
    rules = policy.closures.consent
    if rules.bases:
        yield words.text("The basis that is named is one of: {bases}.", bases=Listed(rules.bases))
    if rules.needs_proof:
        yield words.text("The proof is named.")
    if rules.controller is not None:
        yield words.text("It is said to {controller}.", controller=rules.controller)
    if channel in rules.for_purpose:
        yield words.text("It is for the very purpose.")


def _condition(policy: Policy, condition: PolicyCondition, words: Words) -> Iterator[str]:
    if condition.purposes:
        purposes = Listed(tuple(words.name("purpose", purpose) for purpose in condition.purposes))
        yield words.text("For {purposes}:", purposes=purposes)
    if condition.automatic:
        yield words.text("By a machine:")
    if condition.require == "provenance":
        yield words.text("only of whom it is said where they, or the address, come from.")
        if condition.sources:
            sources = Listed(tuple(words.name("origin", kind) for kind in condition.sources))
            yield words.text("These sources count: {sources}.", sources=sources)
        return
    if condition.require == "notice":
        yield from _of_notices(condition.within, words)
        return
    if condition.consent_to is None:
        yield words.text("only whom said yes.")
    else:
        yield words.text("only whom said yes to {purpose}.", purpose=condition.consent_to)
    if condition.bases:
        yield words.text("The basis that is named is one of: {bases}.", bases=Listed(condition.bases))
    else:
        yield from _terms(policy, condition.channel, words)


def _of_notices(within: int, words: Words) -> Iterator[str]:
    """What it means that notices are asked for: somebody is not reached. That anybody is told Harmonia cannot say."""
    if within:
        yield words.text(
            "who came from somebody else is not reached after the first contact, or later than {span} after their data "
            "were got, until an interaction says that they were told.",
            span=_span(within, words),
        )
    else:
        yield words.text("who came from somebody else is not reached until an interaction says that they were told.")
    yield words.text("Harmonia tells nobody.")
    yield words.text(
        "Nothing is asked of what a person gave themselves, of sources that make nobody reachable, nor where none is "
        "named. What a canvasser heard counts as from somebody else; whether article 13 or 14 holds for it a human "
        "judges."
    )


def _span(ms: int, words: Words) -> str:
    """A span of a policy file, whole, in the largest unit in which it is a whole number."""
    if ms % _DAY_MS == 0:
        return words.plural("{n} day", "{n} days", ms // _DAY_MS)
    if ms % _HOUR_MS == 0:
        return words.text("{n} h", n=ms // _HOUR_MS)
    return words.text("{n} min", n=ms // _MINUTE_MS)
