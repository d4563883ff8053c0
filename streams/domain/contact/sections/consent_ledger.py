"""The profile's `consent_ledger`: every word on consent that counts, with all that was said along with it.

A word is never changed by a later one: what holds now is told by `consent` and `stops`, and of one purpose by the last
word on it.
"""

from collections.abc import Sequence
from typing import Literal, get_args

from events.outputs import ConsentWord
from events.times import render_time
from streams.domain.contact.state import Consent, ConsentTerms, Fact

_Term = Literal["purpose", "controller", "wording", "proof", "basis"]
_TERMS: tuple[_Term, ...] = get_args(_Term)


def consent_ledger(consents: Sequence[tuple[Fact, Consent]]) -> list[ConsentWord]:
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
