"""Who is one person does not depend on how it was heard of."""

from collections.abc import Sequence
from itertools import combinations
from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st

from events.identity_links import (
    DecisionWithdrawal,
    EdgeWithdrawal,
    ErasureCompletion,
    FragmentErasure,
    IdentityEdge,
    IdentityLink,
    LinkDecision,
)
from streams.domain.identity import Resolution, resolve
from tests.property.domain.identity.graphs import (
    CLASSES,
    CROWD,
    ERASURES,
    LIVES,
    NAMES,
    PAIRS,
    Table,
    changes,
    held,
    numbered,
    others,
    ruling,
    world_of,
)
from tests.property.domain.identity.oracle import first, truth


def resolved(life: Sequence[IdentityLink], crowd: int = CROWD) -> Resolution:
    holds = held(life).values()
    edges = [link for link in holds if isinstance(link, IdentityEdge)]
    return resolve(edges, [link for link in holds if isinstance(link, LinkDecision)], crowd)


def undone(link: IdentityEdge | LinkDecision) -> IdentityLink:
    return (
        EdgeWithdrawal(link.teller, link.a, link.b)
        if isinstance(link, IdentityEdge)
        else DecisionWithdrawal(link.a, link.b)
    )


@given(LIVES, st.integers(1, 5))
def test_a_whole_graph_is_resolved_by_the_rules(life: list[IdentityLink], crowd: int) -> None:
    found, expected = resolved(life, crowd), truth(world_of(life), crowd)
    assert found.roofs == expected.roofs
    assert (found.crowded, found.disputed) == (expected.crowded, expected.disputed)


@given(LIVES, st.integers(1, 12))
def test_folding_in_any_chunks_comes_to_what_the_whole_graph_says(life: list[IdentityLink], size: int) -> None:
    table = Table()
    for start in range(0, len(life), size):
        table.fold(life[start : start + size])
        found = resolved(life[: start + size])
        assert table.roofs() == others(found.roofs)
        assert table.nodes().keys() == found.roofs.keys()


@given(LIVES, st.randoms(use_true_random=False), st.integers(1, 12))
def test_any_order_and_any_repetition_of_what_holds_comes_to_the_same(
    life: list[IdentityLink], chance: Random, size: int
) -> None:
    once = list(held(life).values())
    again = [*once, *once]
    chance.shuffle(again)
    one, other = Table(), Table()
    one.fold(once)
    other.fold_in_chunks(again, size)
    assert one.roofs() == other.roofs()
    assert one.nodes() == other.nodes()


@given(LIVES, PAIRS, st.lists(st.booleans(), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_of_the_commands_on_a_pair_the_latest_counts_in_any_order(
    life: list[IdentityLink], pair: list[str], said: list[bool], chance: Random
) -> None:
    edges = [link for link in held(life).values() if isinstance(link, IdentityEdge)]
    rulings = [ruling(*pair, same=same, time=time) for time, same in enumerate(said)]
    shuffled = chance.sample(rulings, len(rulings))
    assert resolve(edges, shuffled, CROWD) == resolve(edges, rulings[-1:], CROWD)


@given(LIVES)
def test_once_nothing_holds_nothing_is_kept_and_everybody_stands_alone(life: list[IdentityLink]) -> None:
    table = Table()
    table.fold(life)
    table.fold([undone(link) for link in held(life).values()])
    assert table.states == {}
    assert table.roofs() == {}


@given(LIVES, st.lists(st.sampled_from(NAMES), min_size=1, max_size=4), st.integers(1, 12))
def test_once_erasures_are_done_nothing_remembers_them(
    life: list[IdentityLink], fragments: list[str], size: int
) -> None:
    table = Table()
    erasures = [FragmentErasure(name, time, "office", f"{time}") for time, name in enumerate(fragments)]
    table.fold_in_chunks([*life, *erasures, *life], size)
    table.answer()
    for erasure in erasures:
        table.fold([ErasureCompletion(erasure.fragment)])
    assert [told for told in table.told.values() if told.erased] == []
    known = [*life, *table.answers]
    assert table.roofs() == others(resolved(known).roofs)
    table.fold([undone(link) for link in held(known).values()])
    assert table.states == {}


@given(st.lists(changes() | ERASURES, max_size=40), st.data())
def test_an_erasure_that_waits_for_answers_reaches_whom_it_would_reach_if_they_were_there(
    life: list[IdentityLink], data: st.DataObject
) -> None:
    """Whenever they come, and whatever comes before them; one knows of which class it is, another one does not."""
    known = data.draw(st.sets(st.sampled_from(sorted(CLASSES))))
    late, early = Table(), Table()
    for link in numbered(life):
        late.fold([link])
        early.fold([link])
        early.answer(known)
        late.answer(known, data.draw(st.integers(0, 1)) if late.asked else 0)
    late.answer(known)
    assert late.erased() == early.erased()
    assert late.roofs() == early.roofs()
    assert late.nodes() == early.nodes()


@given(LIVES, st.integers(0, 40), st.integers(1, 12))
def test_what_was_told_and_taken_back_has_never_been(life: list[IdentityLink], start: int, size: int) -> None:
    table, plain = Table(), Table()
    before = life[:start]
    plain.fold(before)
    table.fold_in_chunks(life, size)
    known = held(before)
    now = held(life)
    table.fold([undone(link) for key, link in now.items() if key not in known])
    table.fold(list(known.values()))
    assert table.roofs() == plain.roofs()
    assert table.nodes() == plain.nodes()


@given(LIVES, PAIRS)
def test_a_link_and_a_later_unlink_equal_neither_where_nothing_else_joins_the_two(
    life: list[IdentityLink], pair: list[str]
) -> None:
    holds = [link for link in held(life).values() if isinstance(link, IdentityEdge) or {link.a, link.b} != set(pair)]
    neither = resolve([link for link in holds if isinstance(link, IdentityEdge)], _rulings(holds), CROWD).roofs
    alone = {name: neither.get(name, name) for name in pair}
    assume(alone[pair[0]] != alone[pair[1]])
    assume(not _reach(holds, *pair))
    table = Table()
    for link in (*holds, ruling(*pair, same=True, time=1), ruling(*pair, same=False, time=2)):
        table.fold([link])
    assert table.roofs() == others(neither)


def _reach(links: Sequence[IdentityEdge | LinkDecision], one: str, other: str) -> bool:
    """Whether a way leads from one to the other: an unlink may settle a dispute on it, though it joins nobody."""
    reached = {one}
    for _ in links:
        for link in links:
            if {link.a, link.b} & reached and not (isinstance(link, LinkDecision) and not link.same):
                reached |= {link.a, link.b}
    return other in reached


def _rulings(links: list[IdentityEdge | LinkDecision]) -> list[LinkDecision]:
    return [link for link in links if isinstance(link, LinkDecision)]


@given(LIVES)
def test_nobody_is_one_with_those_from_whom_a_command_keeps_them(life: list[IdentityLink]) -> None:
    roofs = resolved(life).roofs
    assert [pair for pair in world_of(life).apart if roofs[pair[0]] == roofs[pair[1]]] == []


@given(LIVES)
def test_without_a_command_no_two_of_a_class_are_one_person(life: list[IdentityLink]) -> None:
    edges = [link for link in life if isinstance(link, IdentityEdge | EdgeWithdrawal)]
    world, roofs = world_of(edges), resolved(edges).roofs
    one = [
        (a, b)
        for a, b in combinations(sorted(roofs.keys() & world.classes.keys()), 2)
        if world.classes[a] == world.classes[b] and roofs[a] == roofs[b]
    ]
    assert set(one) <= world.aliases


@given(LIVES)
def test_a_roof_is_the_strongest_of_its_people_then_the_smallest(life: list[IdentityLink]) -> None:
    roofs = resolved(life).roofs
    for roof in roofs.values():
        assert roofs[roof] == roof
        assert roof == first(other for other in roofs if roofs[other] == roof)


def test_the_worlds_of_these_tests_have_conflicts_in_them() -> None:
    assert len(set(CLASSES.values())) < len(CLASSES) < len(NAMES)
