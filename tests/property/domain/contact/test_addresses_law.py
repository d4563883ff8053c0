"""The addresses of a person and how each of them answers, against the oracle, in whatever fragments they are heard."""

from hypothesis import event, given

from streams.demo import oracle
from streams.domain.contact import profile
from streams.domain.contact.merging import person
from tests.property.domain.segments.histories import Heard, folded, histories, identify

OFTEN = ("email.bounced", "email.bounced", "email.delivered", "email.complained", "canvass.reported")


@given(histories(linked=True, often=OFTEN))
def test_addresses_and_their_answers_are_those_that_the_oracle_recounts(heard: list[Heard]) -> None:
    states = folded(heard)
    known = profile(min(states), person(states))
    recounted = oracle.profile_of("ada", [each.sent for each in heard], identify)
    event(f"statuses: {sorted({each['status'] for each in known['addresses']})}")
    assert (known["addresses"], known["email"]["status"]) == (recounted["addresses"], recounted["email"]["status"])  # type: ignore[index]
