"""A requeue that sends nothing: what would be taken, of how many people, and what it would add to some of them."""

from contextlib import closing
from dataclasses import dataclass, field

from streams.domain.dead_letter_repair.profile_effects import AddedField, fields_added_by
from streams.domain.dead_letter_repair.verdicts import interaction_of
from streams.operations.requeue.letter_reading import letters_in, requeued_names
from streams.operations.requeue.requeue_run import Account, Order, to_send
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings


@dataclass(slots=True)
class Rehearsal:
    """`contacts`: whom the letters name, by their strongest identifiers. `sample`: what they add to some of them."""

    account: Account = field(default_factory=Account)
    contacts: set[str] = field(default_factory=set)
    sample: dict[str, list[AddedField]] = field(default_factory=dict)


def rehearse(settings: Settings, order: Order, people: int) -> Rehearsal:
    """Judge all letters that are meant; what they add is shown of so many people. Raises `EngineError`, Kafka's errors.

    People are told apart as intake does; the links between their identifiers are not asked.
    """
    found = Rehearsal()
    sample: dict[str, list[bytes]] = {}
    with closing(KafkaClients(settings).tool_consumer()) as reader:
        known = requeued_names(reader)
        for _, cured in to_send(letters_in(reader, order.topic), order, known, found.account):
            found.account.sent[cured.topic, cured.type or ""] += 1
            if harmonised := interaction_of(cured, order.rules):
                name, value = harmonised
                found.contacts.add(name)
                if name in sample or len(sample) < people:
                    sample.setdefault(name, []).append(value)
    found.sample = {name: fields_added_by(name, values, order.rules.now) for name, values in sample.items()}
    return found
