import orjson
import pytest

from events.identifiers import Hasher
from events.registry import MODELS
from events.requeued import REQUEUED, with_history
from streams.domain.quarantine.flood_detection import RefusalCounter
from streams.domain.quarantine.guard import DEFERRABLE_TYPES, QuarantineGuard, is_deferrable
from streams.domain.quarantine.quarantines import Quarantine
from tests.unit.domain.dead_letter_repair.writing import HASHER, Headers, once, saying
from tests.unit.events.records import NOW, event

SOURCE = "digital/mailer"
HELD = {SOURCE: Quarantine(SOURCE, NOW - 5, NOW + 5, 600)}


def guard() -> QuarantineGuard:
    made = QuarantineGuard(RefusalCounter(2), HASHER)
    made.replace_quarantines(HELD)
    return made


@pytest.mark.parametrize("type_", MODELS)
def test_money_refusals_commands_and_touches_are_never_held(type_: str) -> None:
    assert guard().holds(orjson.dumps(event(type_)), (), NOW) is (type_ in DEFERRABLE_TYPES)


def test_what_can_wait_is_of_the_contract_and_nothing_of_it_says_no_or_moves_money() -> None:
    assert MODELS.keys() > DEFERRABLE_TYPES
    kept = ("donation.", "contact.", "text.", "canvass.", "ballot.", "interaction.", "consent.")
    assert not [type_ for type_ in DEFERRABLE_TYPES if type_.startswith(kept)]
    assert not DEFERRABLE_TYPES & {"email.sent", "email.delivered", "email.bounced", "email.dropped"}
    assert not DEFERRABLE_TYPES & {"email.unsubscribed", "email.complained"}


def test_a_type_that_nobody_knows_may_wait() -> None:
    assert is_deferrable(None)
    assert is_deferrable("email.forwarded")
    assert guard().holds(saying().replace(b"email.opened", b"email.forwarded"), (), NOW)


def test_whoever_cannot_be_read_or_is_somebody_else_is_not_held() -> None:
    for value in (b"{", None, saying().replace(b"digital/mailer", b"field/app")):
        assert not guard().holds(value, (), NOW)


def test_what_was_appended_after_the_end_is_not_held() -> None:
    assert guard().holds(saying(), (), NOW + 4)
    assert not guard().holds(saying(), (), NOW + 5)


def test_what_an_operator_sends_anew_is_neither_held_nor_counted() -> None:
    headers = with_history(saying(), [], [once()], HASHER)
    assert not guard().holds(saying(), headers, NOW)
    one = QuarantineGuard(RefusalCounter(1), HASHER)
    one.refused(saying(), headers, NOW)
    assert list(one.take_found()) == []
    one.refused(saying(), (), NOW)
    assert [flood.source for flood in one.take_found()] == [SOURCE]


@pytest.mark.parametrize(
    "headers",
    [
        [(REQUEUED, b"")],
        [(REQUEUED, None)],
        [(REQUEUED, b"[]")],
        with_history(saying(), [], [once()], Hasher([b"a guess"])),
        with_history(saying("email.clicked"), [], [once()], HASHER),
        with_history(saying(), [("another", b"header")], [once()], HASHER)[1:],
    ],
    ids=["empty", "null", "no history", "another key", "of another record", "of other headers"],
)
def test_a_producer_cannot_write_the_header_that_lets_records_out_of_quarantine(headers: Headers) -> None:
    assert guard().holds(saying(), headers, NOW)
    one = QuarantineGuard(RefusalCounter(1), HASHER)
    one.refused(saying(), headers, NOW)
    assert [flood.source for flood in one.take_found()] == [SOURCE]


def test_a_source_with_too_long_a_name_is_nobody() -> None:
    one = QuarantineGuard(RefusalCounter(1), HASHER)
    one.refused(saying().replace(b"digital/mailer", b"x" * 257), (), NOW)
    assert list(one.take_found()) == []


def test_a_source_that_is_let_go_begins_anew() -> None:
    one = guard()
    one.refused(saying(), (), NOW)
    one.replace_quarantines({})
    assert not one.is_needed
    one.refused(saying(), (), NOW)
    assert list(one.take_found()) == []


def test_a_history_that_nobody_can_read_is_that_of_no_record_that_was_requeued() -> None:
    """Brackets a thousand deep once ended every worker that met them, at each start."""
    deep = b'[{"x":' + b"[" * 2_000 + b"]" * 2_000 + b"}]"

    for value in (deep, b"\xff", b"{", b"[]", b'[{"proof":1e999}]'):
        assert guard().holds(saying(), [(REQUEUED, value)], NOW)
