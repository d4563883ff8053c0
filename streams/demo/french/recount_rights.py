"""The oracle of consent and retention: plain loops over the interactions themselves, with nothing of the rest.

It knows the packaged policy of `fr` as a reader of that file does: texts and appeals for money by e-mail need a yes
with a proof, a machine that calls a yes to just that, and a number that is called somebody who has said where it comes
from, unless that is a file for another purpose.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from streams.demo.recount import CountedEvent, is_of_one_purpose, last_active, text_of
from streams.demo.truth import ContactFields


class RightsQuestion(NamedTuple):
    """What is asked of each person; `automatic`: a machine calls."""

    channel: str
    purpose: str
    automatic: bool = False


QUESTIONS = (
    RightsQuestion("email", "fundraising"),
    RightsQuestion("email", "mobilisation"),
    RightsQuestion("text", "mobilisation"),
    RightsQuestion("phone", "mobilisation"),
    RightsQuestion("phone", "mobilisation", automatic=True),
)


def why_not(told: Sequence[CountedEvent], question: RightsQuestion) -> str | None:
    """`no_consent` where a yes is needed that nobody has given, or none that holds; None where nothing is lacking.

    `told`: what counts of one person, in order of time.
    """
    needed: tuple[str | None, ...] = ()
    if question.automatic:
        needed = ("automatic_calls",)
    elif question.channel == "text" or (question.channel, question.purpose) == ("email", "fundraising"):
        needed = (None, question.purpose)
    if needed and not any(_agreed(told, question.channel, purpose) for purpose in needed):
        return "no_consent"
    return None


def _agreed(told: Sequence[CountedEvent], channel: str, purpose: str | None) -> bool:
    """Whether a proven yes to the channel, or to this purpose on it, came after the last no to the same or to all."""
    holds = False
    for one in told:
        granted = _word(one, channel, purpose)
        if granted is False:
            holds = False
        elif granted is True and one.fields.get("basis") == "consent" and one.fields.get("proof"):
            holds = True
    return holds


def _word(one: CountedEvent, channel: str, purpose: str | None) -> bool | None:
    closing = {"email.unsubscribed": "email", "email.complained": "email", "text.opted_out": "text"}
    if one.fields.get("list_id") is not None or one.fields.get("sender") is not None:
        return None
    if one.type in closing:
        return False if closing[one.type] == channel else None
    if one.type != "consent.changed" or one.fields["channel"] not in (channel, "all"):
        return None
    if not one.fields["granted"] and not is_of_one_purpose(one):
        return False
    return one.fields["granted"] if one.fields.get("purpose") == purpose else None


def says_where_from(told: Sequence[CountedEvent], phones: Callable[[ContactFields], str | None]) -> set[str]:
    """The numbers of which somebody has named a source that may be called; `phones`: how a number is shown."""
    kinds = ("self", "voter_list", "rented", "sponsorship", "canvass", "vendor")
    found = {phones(one.contact) for one in told if (one.fields.get("provenance") or {}).get("kind") in kinds}
    return {number for number in found if number is not None}


def came_of(told: Sequence[CountedEvent], kind: str, until: str) -> bool:
    """Whether something came from such a source until a time."""
    return any(
        (one.fields.get("provenance") or {}).get("kind") == kind and str(text_of(one.at)) <= until for one in told
    )


def untold_sources(told: Sequence[CountedEvent], until: str) -> set[tuple[str, str | None]]:
    """The kinds and files of others by which somebody was got until a time, and of which nobody told them."""
    said = [(str(text_of(one.at)), source) for one in told if (source := one.fields.get("provenance"))]
    with_notice = {(source["kind"], source.get("file")) for _, source in said if source.get("notice")}
    late = {(source["kind"], source.get("file")) for at, source in said if at <= until and source["kind"] != "self"}
    return late - with_notice


def is_silent(told: Sequence[CountedEvent], until: str) -> bool:
    """Whether somebody has done nothing after a time; who never did anything counts from the first word of them."""
    last = last_active(list(told)).get("last_active_at") or (text_of(told[0].at) if told else None)
    return last is not None and str(last) <= until
