from typing import get_args

import orjson
import pytest

from events.identity_links import (
    OVERDUE,
    CanonicalId,
    CommandStamp,
    EdgeWithdrawal,
    ErasureCompletion,
    FragmentErasure,
    IdentityLink,
    read_canonical_id,
    write_link,
)
from events.topics import CONTACT_ROOFS, SYSTEM_ALERTS
from sinks.keys import partition_of
from streams.domain.identity import decode, encode
from streams.engine.decoded_states import BESIDE, GENERATION_KEY, Codec, RecentStates, States
from streams.engine.store import MemoryStore, Position
from streams.engine.writer import Output
from streams.worker.agents.identity.handler import KINDS, WAITING_ERASURES, LinkRecordsHandler
from tests.property.domain.identity.graphs import CONTACTS, EMAILS, PHONES, VOTERS, edge, ruling
from tests.unit.engine.kafka_records import Fetched

ADA, BOB, CYD = CONTACTS
ANN, BEN = VOTERS[:2]
MAIL, PHONE = EMAILS[0], PHONES[0]
GENERATION, PARTITIONS, CROWD = 3, 8, 2
NOON = 1_329_912_000_000


def record(offset: int, link: IdentityLink) -> Fetched:
    key, value = write_link(link)
    return Fetched(offset, value, key, timestamp=NOON + offset, topic="identity-links", partition=0)


class Table:
    """The table of one owner, chunk by chunk."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.store.write({GENERATION_KEY: b"%d" % GENERATION}, Position("topic", 0, 0))
        self._offset = 0

    def nodes(self) -> dict[bytes, bytes]:
        """What is kept, but for the engine's own."""
        return {key: value for key, value in self.store.items() if key != GENERATION_KEY}

    def fold(self, *links: IdentityLink | Fetched) -> LinkRecordsHandler:
        """The next chunk, as its owner would commit it."""
        states = States(self.store, Codec(encode, decode), RecentStates(0))
        linking = LinkRecordsHandler(states, PARTITIONS, CROWD)
        start, self._offset = self._offset, self._offset + len(links)
        linking.take([one if isinstance(one, Fetched) else record(start + n, one) for n, one in enumerate(links)])
        changes = linking.effects.changes
        encoded = {key: None if node is None else encode(node) for key, node in changes.items()}
        encoded |= {BESIDE + key: value for key, value in linking.effects.beside.items()}
        self.waits = states.memory[WAITING_ERASURES]
        states.commit(changes, encoded, Position("topic", self._offset, 0))
        return linking


def outputs_to(topic: str, linking: LinkRecordsHandler) -> list[Output]:
    return [output for output in linking.effects.outputs if output.topic == topic]


def alerts(linking: LinkRecordsHandler) -> list[dict[str, object]]:
    return [orjson.loads(output.value or b"") for output in outputs_to(SYSTEM_ALERTS, linking)]


def test_a_canonical_id_goes_to_the_partition_of_its_node_with_a_version_header() -> None:
    [output] = outputs_to(CONTACT_ROOFS, Table().fold(edge(ANN, ANN, MAIL)))
    assert (output.partition, output.key) == (partition_of(MAIL, PARTITIONS), MAIL.encode())
    told = read_canonical_id(output.key, output.value)
    assert isinstance(told, tuple)
    assert told[1] is not None
    assert (told[0], told[1].roof, told[1].erased) == (MAIL, ANN, None)
    assert dict(output.headers) == {"version": b"%d" % told[1].version}
    assert told[1].version == GENERATION << 40


def test_of_a_node_that_stands_alone_again_there_is_a_null_record_of_a_higher_version() -> None:
    table = Table()
    [first] = table.fold(edge(ANN, ANN, MAIL)).effects.outputs
    [second] = table.fold(ruling(ANN, MAIL, same=False)).effects.outputs
    assert (second.key, second.value) == (MAIL.encode(), None)
    assert int(dict(second.headers)["version"] or b"") > int(dict(first.headers)["version"] or b"")


def test_what_is_told_of_a_node_keeps_its_order_within_a_chunk() -> None:
    """Whoever reads it must see that the person was erased, and then that the node stands alone."""
    table = Table()
    linking = table.fold(FragmentErasure(ADA, NOON, "office", "e-1"), ErasureCompletion(ADA))
    erased, alone = outputs_to(CONTACT_ROOFS, linking)
    read = read_canonical_id(erased.key, erased.value)
    assert isinstance(read, tuple)
    assert read[1] is not None
    assert read[1].erased == CommandStamp(NOON, "office", "e-1")
    assert (alone.key, alone.value) == (erased.key, None)
    assert table.nodes() == {}


def test_states_are_kept_under_the_name_of_the_node() -> None:
    table = Table()
    table.fold(edge(ANN, ANN, MAIL))
    assert table.nodes().keys() == {ANN.encode(), MAIL.encode()}
    table.fold(ruling(ANN, MAIL, same=True))
    assert decode(table.nodes()[MAIL.encode()]).roof == ANN


def test_an_identifier_that_too_many_carry_is_an_alert_about_its_hash() -> None:
    linking = Table().fold(edge(ADA, ADA, PHONE), edge(BOB, BOB, PHONE), edge(CYD, CYD, PHONE), edge(ADA, ADA, MAIL))
    [output] = outputs_to(SYSTEM_ALERTS, linking)
    assert (output.partition, output.key) == (partition_of(PHONE, PARTITIONS), PHONE.encode())
    [alert] = alerts(linking)
    assert {name: alert[name] for name in ("rule", "subject", "at", "evidence")} == {
        "rule": "identity_crowded",
        "subject": PHONE,
        "at": "2012-02-22T12:00:00.002Z",
        "evidence": [],
    }
    assert linking.findings == {"crowded": 1}


def test_a_dispute_names_the_command_that_brought_it_about() -> None:
    table = Table()
    table.fold(edge(ANN, ANN, MAIL), edge(BEN, BEN, MAIL), ruling(ANN, BEN, same=True))
    [alert] = alerts(table.fold(ruling(ANN, BEN, same=False, time=7)))
    assert (alert["rule"], alert["subject"]) == ("identity_disputed", MAIL)
    assert alert["evidence"] == [{"source": "office", "id": "7"}]


def test_an_alert_is_the_same_when_its_chunk_is_folded_again_and_another_the_next_time() -> None:
    def fold() -> tuple[object, object]:
        table = Table()
        table.fold(edge(ANN, ANN, MAIL))
        [first] = alerts(table.fold(edge(BEN, BEN, MAIL)))
        table.fold(ruling(ANN, BEN, same=True))
        [second] = alerts(table.fold(ruling(ANN, BEN, same=False)))
        return first["alert_id"], second["alert_id"]

    first, second = fold()
    assert (first, second) == fold()
    assert first != second


@pytest.mark.parametrize(("key", "value"), [(None, b"{}"), (b"seen/a/b", None), (b"seen/a/a/b", b"{"), (b"\xff", b"")])
def test_a_record_that_says_nothing_is_counted_and_passed_over(key: bytes | None, value: bytes | None) -> None:
    linking = Table().fold(edge(ANN, ANN, MAIL), Fetched(1, value, key), edge(ANN, ANN, PHONE))
    assert linking.kinds == {"seen": 2, "refused": 1}
    [(offset, refusal)] = linking.refused
    assert offset == 1
    assert "seen/a" not in refusal.detail
    assert len(outputs_to(CONTACT_ROOFS, linking)) == 2


def test_for_what_an_erasure_waits_is_asked_again_when_it_is_overdue_whoever_has_the_table_by_then() -> None:
    """Also under the version of the first question, since the erasure has that as well."""
    overdue = Fetched(9, None, OVERDUE, timestamp=NOON, topic="identity-links", partition=0)
    question = CanonicalId(ANN, (GENERATION << 40) + 2, asks=True)
    table = Table()
    first = table.fold(edge(ANN, ANN, MAIL), ruling(MAIL, BEN, same=True), FragmentErasure(MAIL, 9, "office", "e-1"))
    assert table.waits == {MAIL}
    again = table.fold(overdue)
    assert again.kinds == {"overdue": 1}
    for told in (outputs_to(CONTACT_ROOFS, first)[-1], *outputs_to(CONTACT_ROOFS, again)):
        assert (told.key, read_canonical_id(told.key, told.value)) == (BEN.encode(), (BEN, question))

    table.fold(EdgeWithdrawal(BEN, BEN, BEN))
    assert table.waits == set()
    assert not any(key.startswith(BESIDE) for key in table.nodes())
    assert table.fold(overdue).effects.outputs == []


def test_every_kind_of_record_has_its_label_in_metrics() -> None:
    assert set(KINDS) == set(get_args(IdentityLink))
    assert set(KINDS.values()) == {"seen", "unseen", "said", "unsaid", "erased", "forgotten"}
