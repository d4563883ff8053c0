"""The agents' own work on a record stays small, and does not grow with what is known of a contact.

In CPU seconds, in ratio to a plain loop over as many events, the least of several rounds that are measured in turn. And
in bytecodes, which are the same on every machine, so that their bound is close.
"""

from benchmarks.core.suite import cpu_of_contacts, work_of_contacts, work_of_pipeline
from benchmarks.peers.events import generate
from benchmarks.peers.plain_loop import cpu_us_per_event

EVENTS, CONTACTS, ROUNDS = 20_000, 1_000, 15
MOST = 28.0
"""Times the plain loop, with 3 facts known of a contact. Measured on two busy cores: 17 to 24."""
MOST_GROWTH = 2.2
"""Times a record of a contact with 3 facts, with 40 of them. Measured: 1.3 to 1.9; 3.1 where all is folded anew."""
COUNTED, FEW, MANY = 300, 3, 40
MOST_WORK = {"intake": 940, "contacts": 3_050, "sink": 155}
"""Bytecodes a record. Measured: 881, 2,875, 143."""
MOST_WORK_GROWTH = 1.35
"""Measured: 1.22 to 1.25."""


def test_a_record_costs_what_it_changes() -> None:
    plain = min(cpu_us_per_event(generate(EVENTS, 7, CONTACTS)) for _ in range(ROUNDS))
    few, many = map(min, cpu_of_contacts(CONTACTS, (FEW, MANY), seed=7, rounds=ROUNDS))
    assert few / plain < MOST, f"{few:.1f} µs a record, plain loop {plain:.1f}"
    assert many / few < MOST_GROWTH, f"{many:.1f} µs with 40 facts, {few:.1f} with 3"


def test_python_does_no_more_for_a_record_than_it_did() -> None:
    found = work_of_pipeline(COUNTED, seed=7)
    assert {part: round(work) for part, work in found.items() if work > MOST_WORK[part]} == {}


def test_python_does_little_more_for_a_record_of_somebody_of_whom_much_is_known() -> None:
    few, many = work_of_contacts(COUNTED, (FEW, MANY), seed=7)
    assert many / few < MOST_WORK_GROWTH, f"{many:.0f} bytecodes with 40 facts, {few:.0f} with 3"
