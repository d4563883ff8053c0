"""The agents' own work on a record stays small, and does not grow with the known facts of a contact.

Bytecodes of Python are counted: every machine carries out the same number. CPU is measured by `make bench`.
"""

from benchmarks.core.suite import work_of_contacts, work_of_pipeline

CONTACTS, FEW, MANY = 300, 3, 40
MOST_WORK = {"intake": 940, "contacts": 3_050, "sink": 155}
"""Bytecodes a record. Measured: 881, 2,875, 143."""
MOST_WORK_GROWTH = 1.35
"""Measured: 1.22 to 1.25."""


def test_each_agent_carries_out_no_more_bytecodes_a_record_than_before() -> None:
    work = work_of_pipeline(CONTACTS, seed=7)
    assert {part: round(count) for part, count in work.items() if count > MOST_WORK[part]} == {}


def test_a_record_of_a_contact_with_forty_facts_costs_little_more_than_with_three() -> None:
    few, many = work_of_contacts(CONTACTS, (FEW, MANY), seed=7)
    assert many / few < MOST_WORK_GROWTH, f"{many:.0f} bytecodes with 40 facts, {few:.0f} with 3"
