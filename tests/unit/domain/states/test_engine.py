"""What the engine itself keeps beside states: read as any version so far has written it, or made anew."""

from pathlib import Path
from typing import cast

import orjson
import pytest
from faust.types import TP
from rocksdict import Rdict

from streams.engine.decoded_states import Codec, RecentStates, States
from streams.engine.rocksdb_store import _POSITION_KEY, RocksStores, _options
from streams.engine.store import MemoryStore, Position
from streams.engine.table_partition import Changelog, TablePartition
from streams.platform.clients import KafkaClients

SOURCE = TP("interactions", 3)
KEY = b"\x00watermark\x00interactions\x003"


@pytest.mark.parametrize("written", [b"17", b"17 7279d64a-3d6e-4073-85eb-446e77299961"])
def test_a_watermark_is_read_with_and_without_the_id_of_its_topic(written: bytes) -> None:
    store = MemoryStore()
    store.write({KEY: written}, Position("topic", 1, 0))
    states = States(store, Codec(bytes, bytes), RecentStates[bytes](0))
    changelog = Changelog(TP("changelog", 3), "topic", "transactions")
    partition = TablePartition(cast(KafkaClients, None), states, changelog, lambda _: None)
    assert partition.watermark(SOURCE) == 17


@pytest.mark.parametrize("position", [["topic", 1], ["topic", 1, 2, 3], {"offset": 1}])
def test_a_store_whose_position_is_of_another_version_is_made_anew(tmp_path: Path, position: object) -> None:
    path = tmp_path / "contacts" / "0"
    path.mkdir(parents=True)
    written = Rdict(str(path), _options())
    written[_POSITION_KEY] = orjson.dumps(position)
    written[b"k"] = b"v"
    written.close()

    store = RocksStores(tmp_path)("contacts", 0)
    assert (store.position, store.get(b"k")) == (None, None)
    store.close()
