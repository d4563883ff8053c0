from typing import Any

import pytest

from events.regimes import RegimeName
from sinks.keys import contact_key, identity_key, partition_of, position_key, shares_key, shares_regime, text
from streams.platform.settings import Settings


# Hashes by org.apache.kafka.common.utils.Utils.murmur2 of kafka-clients 4.3.1, the sign bit taken off.
@pytest.mark.parametrize(
    ("contact_id", "hashed"),
    [
        ("", 275646681),
        ("21", 1173551340),
        ("abc", 479470107),
        ("foobar", 1357151166),
        ("van:1", 1991320151),
        ("a-little-bit-long-string", 1161502112),
        ("a-little-bit-longer-string", 661178819),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", 2088585677),
        ("external:0123456789abcdef0123456789abcdef", 1991315056),
    ],
)
def test_a_contact_is_in_the_partition_where_kafka_puts_it(contact_id: str, hashed: int) -> None:
    assert partition_of(contact_id, 2**31) == hashed
    assert partition_of(contact_id, 12) == hashed % 12


def test_redis_keys_are_those_of_the_contract() -> None:
    assert contact_key("ada") == "contact:ada"
    assert identity_key("email:0f") == "identity:email:0f"
    assert position_key(3) == "sink:contact-state:3"
    assert position_key(3, "contact-links") == "sink:contact-links:3"


def test_a_reply_is_read_decoded_or_not() -> None:
    assert text(b"caf\xc3\xa9") == text("café") == "café"


def ids(regime: RegimeName, **more: Any) -> list[str]:
    return Settings(_env_file=None, regime=regime, **more).key_ids


def test_who_works_under_another_regime_than_the_workers_knows() -> None:
    """Another policy holds there, and numbers without a country code are other people's."""
    workers = " ".join(ids("fr"))
    assert shares_regime(workers, ids("fr"))
    assert shares_regime(workers, ids("us", phone_region="FR")) is False
    assert shares_regime(workers, ids("eu")) is False
    assert shares_regime(workers, ids("fr", phone_region="BE")) is False
    assert shares_key(workers, ids("us")) is shares_key(workers, Settings(_env_file=None).hasher.key_ids) is True


def test_under_the_default_regime_and_with_workers_of_before_nothing_more_is_compared() -> None:
    own = ids("us")
    assert shares_regime(" ".join(ids("us", phone_region="GB")), own)
    assert shares_regime(" ".join(Settings(_env_file=None).hasher.key_ids), ids("fr"))
    assert shares_regime(None, ids("fr"))
    assert shares_regime(" ".join(own), [])
