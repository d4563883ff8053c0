"""What in a policy that can be used may not be what was meant: words on consent that nobody will ever have said."""

from collections.abc import Iterator
from typing import get_args

from events.channels import OTHER_PURPOSES, Purpose, plain_purpose
from events.spelling import nearest_name
from streams.domain.pressure.policy import Policy
from streams.domain.pressure.policy_values import is_label

_PURPOSES = sorted({*get_args(Purpose), *OTHER_PURPOSES})


def policy_remarks(policy: Policy) -> list[str]:
    """A sentence on each, with its key. Nothing of it is wrong: files of before have such words, and hold."""
    return [*_on_consent(policy), *_on_conditions(policy)]


def _on_consent(policy: Policy) -> Iterator[str]:
    rules = policy.closures.consent
    if rules.controller is not None and not is_label(rules.controller):
        yield "closures.consent.controller is no label that can be sent, so only a yes that names none is a consent"
    for basis in rules.bases:
        if not is_label(basis):
            yield f'closures.consent.bases has "{basis}", which no producer can send as a label, so no yes has it'


def _on_conditions(policy: Policy) -> Iterator[str]:
    for number, condition in enumerate(policy.conditions):
        said = condition.consent_to
        if said is None or plain_purpose(said) in _PURPOSES or (near := nearest_name(said, _PURPOSES)) is None:
            continue
        yield f'conditions.{number}.consent_to is "{said}", no word of Harmonia\'s, and {near} is one: is that the one?'
