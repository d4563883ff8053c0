from aiokafka import partitioner
from hypothesis import given
from hypothesis import strategies as st

from sinks.keys import partition_of


@given(st.text(max_size=100), st.integers(1, 1_000))
def test_a_contact_is_in_the_partition_that_kafkas_clients_give_its_key(contact_id: str, partitions: int) -> None:
    hashed = partitioner.murmur2(contact_id.encode()) & 0x7FFFFFFF
    assert partition_of(contact_id, partitions) == hashed % partitions
