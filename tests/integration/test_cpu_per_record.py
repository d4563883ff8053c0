"""The agents' own work on a record stays small, and does not grow with what is known of a contact.

CPU seconds in ratio to a plain loop over as many events, the least of several rounds, as in `test_cpu_per_event`.
"""

from benchmarks.core.suite import cpu_of_contacts
from benchmarks.peers.events import generate
from benchmarks.peers.plain_loop import cpu_us_per_event

EVENTS, CONTACTS, ROUNDS = 20_000, 1_000, 15
MOST = 28.0
"""Times the plain loop, with 3 facts known of a contact. Measured on two busy cores: 17 to 20."""
MOST_GROWTH = 2.2
"""Times a record of a contact with 3 facts, with 40 of them. Measured: 1.3 to 1.6; 3.1 where all is folded anew."""


def test_a_record_costs_what_it_changes() -> None:
    plain = min(cpu_us_per_event(generate(EVENTS, 7, CONTACTS)) for _ in range(ROUNDS))
    few, many = map(min, cpu_of_contacts(CONTACTS, (3, 40), seed=7, rounds=ROUNDS))
    assert few / plain < MOST, f"{few:.1f} µs a record, plain loop {plain:.1f}"
    assert many / few < MOST_GROWTH, f"{many:.1f} µs with 40 facts, {few:.1f} with 3"
