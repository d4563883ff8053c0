from aiokafka import partitioner
from hypothesis import given
from hypothesis import strategies as st

from sinks.keys import murmur2


@given(st.binary(max_size=300))
def test_a_key_has_the_hash_that_kafkas_clients_give_it(key: bytes) -> None:
    assert murmur2(key) == partitioner.murmur2(key) & 0xFFFFFFFF
