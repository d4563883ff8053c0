"""Packing the contributions of a person and unpacking them loses nothing."""

from hypothesis import event, given

from streams.domain.contact.contribution import Contribution
from streams.domain.contact.packed_contribution import packed, unpacked
from tests.property.domain.contact.contributions import contributions


@given(contributions())
def test_contributions_are_the_same_after_packing_and_unpacking(person: list[Contribution]) -> None:
    found = packed(person)
    assert list(unpacked(found)) == person
    assert packed(unpacked(found)) == found
    assert list(found.experiments) == [each.experiment for each in person]
    event(f"experiments with the same outcomes: {len(person) - len(found.values)}")
