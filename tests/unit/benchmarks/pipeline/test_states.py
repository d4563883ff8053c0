from benchmarks.pipeline.states import LEAST_FACTS, MOST_FACTS, halves, state_of, templates
from streams.domain.contact import decode, encode, profile

NOW_MS = 1_700_000_000_000
CHOICES = templates(NOW_MS, seed=3)


def test_a_state_is_one_that_was_folded() -> None:
    state = decode(state_of(7, CHOICES))
    assert encode(state) == state_of(7, CHOICES)
    assert sum(profile("x", state)["counts"].values()) == len(state.facts) == state.version


def test_two_people_with_one_history_have_no_interaction_in_common() -> None:
    first, second = (decode(state_of(person, CHOICES)) for person in (7, 7 + len(CHOICES)))
    assert len(first.facts) == len(second.facts)
    assert not first.facts.keys() & second.facts.keys()


def test_states_have_as_many_facts_as_was_asked_for() -> None:
    many = {len(decode(choice).facts) for choice in CHOICES}
    fewer = {len(decode(choice).facts) for choice in templates(NOW_MS, seed=3, fewer_facts=5)}
    assert (min(many), max(many)) == (LEAST_FACTS, MOST_FACTS)
    assert (min(fewer), max(fewer)) == (1, MOST_FACTS - 5)


def test_the_halves_of_a_history_are_as_long_as_the_whole_together() -> None:
    first, second = ([len(decode(choice).facts) for choice in half] for half in halves(NOW_MS, seed=3))
    whole = [len(decode(choice).facts) for choice in CHOICES]
    assert [one + other for one, other in zip(first, second, strict=True)] == whole
    assert all(one - other in (0, 1) for one, other in zip(first, second, strict=True))
