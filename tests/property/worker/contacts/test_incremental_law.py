"""The fast way of folding an interaction does what the full way does, or declines; no reason to decline is needless."""

import ast
import inspect
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from random import Random
from types import ModuleType

import pytest

from events.registry import SPECS
from streams.domain.contact import derived_view, incremental_fold
from streams.domain.contact.incremental_fold import TAKEN, Declined
from streams.worker.agents.contacts import interactions
from tests.budgets import PROFILE
from tests.property.worker.contacts import incremental_law
from tests.property.worker.contacts.incremental_cases import WORDS, Arrived, Case, Word, pairs, walks
from tests.property.worker.contacts.incremental_law import hold
from tests.unit.domain.contact.said import NOON, SECOND

EVERY = PROFILE == "laws"
"""Whether all pairs of words are tried and long walks: `make laws`."""
ONE_IN = 1 if EVERY else 97
WALKS = 30_000 if EVERY else 200
FULL_WAY = sys.modules["streams.domain.contact.fold"]
SMALL_ROOM = 700
"""Bytes that a contact may have where its room is to run out."""


def _shuffled(cases: Iterable[Case]) -> list[Case]:
    found = list(cases)
    Random(1).shuffle(found)
    return found


def _some() -> Iterator[Case]:
    return chain(islice(_shuffled(pairs()), 0, None, ONE_IN), walks(seed=1, number=WALKS))


@pytest.mark.timeout(3_000)
@pytest.mark.parametrize("voter", [False, True])
def test_one_step_of_the_fast_way_is_one_of_the_full_way(*, voter: bool) -> None:
    taken = Counter(hold(case, voter=voter) for case in _some())
    assert taken[None] > sum(taken.values()) // 4


@pytest.mark.parametrize("voter", [False, True])
def test_the_first_word_of_a_contact_is_folded_the_fast_way_where_its_type_is(*, voter: bool) -> None:
    for word in WORDS:
        declined = hold(((), (Arrived(word, NOON, NOON, "first"),)), voter=voter)
        has_origin = word.type == "provenance.reported" or "provenance" in dict(word.fields)
        why = Declined.ORIGIN if has_origin else Declined.CLOSES if word.type in TAKEN else Declined.TYPE
        assert declined is None or declined is why, word
        assert not has_origin or declined is why, word


def test_a_contact_whose_room_runs_out_is_folded_the_full_way(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (FULL_WAY, incremental_fold):
        monkeypatch.setattr(module, "ROOM", SMALL_ROOM)
    assert Declined.FULL in {hold(case) for case in _long_walks()}


def _long_walks() -> Iterator[Case]:
    """One word after the other until there is no more room."""
    for number in range(40):
        history = tuple(Arrived(Word("rsvp.made"), NOON + at, NOON + at * SECOND, f"{at}") for at in range(number))
        yield history, (Arrived(Word("form.submitted"), NOON + number, NOON + number * SECOND, "last"),)


def test_each_reason_to_decline_is_met() -> None:
    met: set[Declined | None] = set()
    for place, case in enumerate(_many()):
        met.add(hold(case, voter=place % 3 == 0))
        if met >= set(Declined) - {Declined.FULL}:
            return
    pytest.fail(f"never met: {set(Declined) - met}")


GUARDED: tuple[ModuleType, ...] = (incremental_fold, derived_view)


class _Without(ast.NodeTransformer):
    """Leaves out the guard of this number: an `if` that declines, or a part of what a state must be to have a view."""

    def __init__(self, number: int) -> None:
        self._left, self.guard = number, ""

    def visit_If(self, node: ast.If) -> ast.AST:
        self.generic_visit(node)
        if len(node.body) == 1 and "Declined." in ast.unparse(node.body[0]) and self._is_it(node.test):
            node.test = ast.Constant(value=False)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        if node.name == "_has_view":
            [returned] = [each for each in node.body if isinstance(each, ast.Return)]
            assert isinstance(returned.value, ast.BoolOp)
            returned.value.values = [
                ast.Constant(value=True) if self._is_it(each) else each for each in returned.value.values
            ]
        if node.name == "derive":
            for each in node.body:
                if isinstance(each, ast.If) and ast.unparse(each.body[0]) == "return None" and self._is_it(each.test):
                    each.test = ast.Constant(value=False)
        return node

    def _is_it(self, guard: ast.AST) -> bool:
        self._left -= 1
        if self._left != -1:
            return False
        self.guard = ast.unparse(guard)
        return True


def _mutants() -> Iterator[tuple[ModuleType, str, ModuleType]]:
    """Each guarded module without one of its guards, with that guard."""
    for module in GUARDED:
        for number in range(100):
            without = _Without(number)
            tree = ast.fix_missing_locations(without.visit(ast.parse(inspect.getsource(module))))
            if not without.guard:
                break
            mutant = ModuleType(module.__name__)
            exec(compile(tree, str(module.__file__), "exec"), mutant.__dict__)
            yield module, without.guard, mutant


MUTANTS = list(_mutants())


def _fails(cases: Iterable[Case]) -> bool:
    """Whether the law does for any of these."""
    for place, case in enumerate(cases):
        try:
            hold(case, voter=place % 4 == 0)
        except Exception:  # noqa: BLE001 (without its guard the fast way may fail in any way)
            return True
    return False


def _many() -> Iterator[Case]:
    """Pairs of what has to do with each other and walks, so mixed that what is wrong shows soon."""
    return chain.from_iterable(zip(islice(pairs(), 6_000), walks(seed=3, number=6_000), strict=True))


@pytest.mark.parametrize(("module", "guard", "mutant"), MUTANTS, ids=[guard for _, guard, _ in MUTANTS])
def test_without_any_one_guard_the_law_fails(
    module: ModuleType, guard: str, mutant: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    if module is incremental_fold:
        for name in ("fold_incrementally", "Declined"):
            monkeypatch.setattr(interactions, name, getattr(mutant, name))
    else:
        monkeypatch.setattr(derived_view, "derive", mutant.derive)
        monkeypatch.setattr(incremental_law, "derive", mutant.derive)
    if "ROOM" in guard:
        for each in (FULL_WAY, mutant):
            monkeypatch.setattr(each, "ROOM", SMALL_ROOM)
        assert _fails(_long_walks())
    else:
        assert _fails(_many())


@pytest.mark.parametrize("type_", sorted({spec.name for spec in SPECS} - TAKEN))
def test_a_type_that_is_declined_would_break_the_law(type_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = incremental_fold._KINDS
    monkeypatch.setattr(incremental_fold, "_KINDS", {**kinds, type_: kinds["rsvp.made"]})
    assert _fails(case for case in _many() if any(each.word.type == type_ for each in case[1]))


def test_every_guard_is_left_out_once() -> None:
    assert len(MUTANTS) >= len(Declined)
