"""The law of the fast way: it declines, or all that it does is what the full way does."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import orjson
from msgspec.structs import asdict

from streams.domain.contact import ContactState, decode, encode
from streams.domain.contact.derived_view import DerivedView, attach, derive, view_of
from streams.domain.contact.incremental_fold import Declined
from streams.domain.contact.person_view import overview
from streams.domain.contact.profile import profile_of
from streams.domain.pressure import Policy
from streams.domain.pressure.policy_files import default_policy_text, read_policy
from streams.engine.decoded_states import Codec, RecentStates, States
from streams.engine.store import MemoryStore, Position
from streams.worker.agents.contacts import interactions
from streams.worker.agents.contacts.interactions import InteractionsHandler
from streams.worker.agents.contacts.output_records import RecordBuilder
from tests.property.worker.contacts.incremental_cases import Arrived, Case, key_of, records
from tests.unit.domain.contact.said import NOON
from tests.unit.engine.kafka_records import SOURCE, Fetched

_CODEC = Codec(encode, decode)
_BUILDER = RecordBuilder(SOURCE.partition, 8, 3)


@cache
def _strict() -> Policy:
    """A policy of which nearly every second touch is one too many."""
    policy = read_policy(re.sub(r"at_most = \d+", "at_most = 1", default_policy_text()))
    assert isinstance(policy, Policy)
    return policy


class FullWay(InteractionsHandler):
    """Folds all the full way."""

    def _fold(self, key: bytes, before: ContactState, arrived: Sequence[Any]) -> ContactState:
        return self._fold_whole(key, before, arrived)


class FastWay(InteractionsHandler):
    """Folds as a worker does, and remembers what was declined."""

    declined: Declined | None = None

    def _fold_whole(self, key: bytes, before: ContactState, arrived: Sequence[Any]) -> ContactState:
        step = vars(interactions)["fold_incrementally"](key.decode(), before, [fact for _, fact, _ in arrived])
        assert isinstance(step, vars(interactions)["Declined"])
        self.declined = step
        return super()._fold_whole(key, before, arrived)


def state_after(history: Sequence[Arrived], *, voter: bool) -> ContactState:
    """The state of the contact after what came before, folded the full way, one record in a chunk."""
    store = MemoryStore()
    for record in records(history, voter=voter):
        folding = _folded(FullWay, store, [record])
        States(store, _CODEC, RecentStates(0)).commit(
            folding.effects.changes,
            {key: None if state is None else encode(state) for key, state in folding.effects.changes.items()},
            Position("topic", 1, 0),
        )
    value = store.get(key_of(voter=voter))
    return ContactState() if value is None else decode(value)


def _folded(
    kind: type[InteractionsHandler], store: MemoryStore, chunk: Sequence[Fetched], held: RecentStates[Any] | None = None
) -> Any:
    states = States(store, _CODEC, RecentStates(0) if held is None else held)
    folding = kind(states, _BUILDER, NOON, _strict())
    folding.take(chunk)
    return folding


def hold(case: Case, *, voter: bool = False) -> Declined | None:
    """Assert the law of a case. Returns why the fast way declined; None: it did not."""
    history, now = case
    before, key = state_after(history, voter=voter), key_of(voter=voter)
    chunk = records(now, len(history), voter=voter)
    stored, warm = encode(before), decode(encode(before))
    store = MemoryStore()
    if before != ContactState():
        store.write({key: stored}, Position("topic", 1, 0))
    held: RecentStates[Any] = RecentStates(1 << 30)
    if (view := derive(key.decode(), warm)) is not None:
        attach(warm, view)
    if before != ContactState():  # whoever is unknown is left to the handler
        held.put({key: warm}, 0)
    full, fast = _folded(FullWay, store, chunk), _folded(FastWay, store, chunk, held)
    assert _effects(fast) == _effects(full), case
    assert encode(warm) == stored
    assert _comparable(view) == _comparable(derive(key.decode(), before)), case
    after = fast.effects.changes.get(key)
    if fast.declined is None and after is not None:
        _assert_view(key.decode(), after, case)
    return fast.declined  # type: ignore[no-any-return]


def _assert_view(contact_id: str, after: ContactState, case: Case) -> None:
    again = decode(encode(after))
    view = view_of(contact_id, after)
    assert view is not None
    assert list(after.facts) == list(again.facts), case
    assert _comparable(view) == _comparable(derive(contact_id, again)), case
    shown = {**profile_of(contact_id, overview(again)), "version": 7}
    assert view.profile(7) == orjson.dumps(shown), case


def _effects(folding: InteractionsHandler) -> dict[str, object]:
    effects, tally = folding.effects, folding.tally
    return {
        "changes": effects.changes,
        "encoded": {key: None if state is None else encode(state) for key, state in effects.changes.items()},
        "outputs": effects.outputs,
        "forgets": effects.forgets,
        "beside": effects.beside,
        "outcomes": +folding.outcomes,
        "refusals": folding.refusals,
        "alerts": folding.alerts,
        "reports": folding.reports,
        "unread": folding.unread,
        "cut": folding.builder.cut,
        "uncounted": folding.experiments.uncounted,
        "counted": [+getattr(tally, name) for name in tally.__slots__],
    }


def _comparable(view: DerivedView | None) -> dict[str, object] | None:
    """A view, of which acts are in no order."""
    if view is None:
        return None
    acts = {name: sorted(map(repr, judged)) for name, judged in view.acts.items()}
    return {**asdict(view), "acts": acts}
