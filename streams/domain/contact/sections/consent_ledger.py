"""The profile's `consent_ledger`: every word on consent that counts, with all that was said along with it.

Of whom there are very many, which is a machine or a mistake, it has the latest and what a permission may need.

A word is never changed by a later one: what holds now is told by `consent` and `stops`, and of one purpose by the last
word on it.
"""

from collections.abc import Sequence
from typing import Literal, get_args

from events.channels import NO_MESSAGE, plain_purpose
from events.outputs import ConsentWord
from events.times import render_time
from streams.domain.contact.state import Consent, ConsentTerms, Fact

_Term = Literal["purpose", "controller", "wording", "proof", "basis"]
_TERMS: tuple[_Term, ...] = get_args(_Term)


MOST_WORDS = 500
"""So many of the latest words are told whatever they say."""

MOST_YESES = 100
"""So many older yeses at most. One that is left out opens nothing, which does no harm; no refusal is."""

Words = Sequence[tuple[Fact, Consent]]


def told_words(consents: Words, most: int = MOST_WORDS, yeses: int = MOST_YESES) -> Words:
    """Those of all words, which are in order, that the ledger tells.

    The `most` latest; and of each older no the last one on its channel and purpose, of yeses that to each
    controller on each basis, with a proof and without.
    """
    if len(consents) <= most:
        return consents
    older, last = consents[: len(consents) - most], dict[tuple[str, ...], int]()
    for number, (_, said) in enumerate(older):
        if (about := _about(said)) is not None:
            last.pop(about, None)
            last[about] = number
    noes = [number for about, number in last.items() if len(about) == _OF_A_NO]
    kept = [number for about, number in last.items() if len(about) > _OF_A_NO][-yeses:] + noes
    return [*(older[number] for number in sorted(kept)), *consents[len(older) :]]


_OF_A_NO = 2


def _about(said: Consent) -> tuple[str, ...] | None:
    """What a word decides on, for permissions and audiences for ads; None: nothing that `stops` does not tell.

    A no to ads keeps somebody out of them, whatever list or sender it names.
    """
    purpose = "" if said.purpose is None else plain_purpose(said.purpose)
    is_of_part = said.list_id is not None or said.sender is not None
    if is_of_part and (said.granted or purpose != NO_MESSAGE):
        return None
    if not said.granted:
        return said.channel, purpose
    terms = said.terms or ConsentTerms()
    return said.channel, purpose, terms.controller or "", terms.basis or "", "proof" if terms.proof else ""


def consent_ledger(consents: Words) -> list[ConsentWord]:
    """The ledger of words that are in order."""
    return [_word(fact, said) for fact, said in consents]


def _word(fact: Fact, said: Consent) -> ConsentWord:
    word: ConsentWord = {
        "type": fact.type,
        "channel": said.channel,
        "granted": said.granted,
        "at": render_time(fact.time),
        "source": fact.source,
        "id": fact.id,
    }
    if said.list_id is not None:
        word["list_id"] = said.list_id
    if said.sender is not None:
        word["sender"] = said.sender
    if said.terms is not None:
        _add_terms(word, said.terms)
    return word


def _add_terms(word: ConsentWord, terms: ConsentTerms) -> None:
    for name in _TERMS:
        value: str | None = getattr(terms, name)
        if value is not None:
            word[name] = value
