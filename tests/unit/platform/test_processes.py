"""The setting of watched addresses: processes by name, and a mistake with its cure."""

import pytest
from pydantic import ValidationError

from streams.platform.processes import KEYS, watched_addresses
from streams.platform.settings import Settings


def test_addresses_are_read_by_process() -> None:
    text = "sink-postgres=http://127.0.0.1:9464/metrics  gateway=https://gateway.example.org"

    assert watched_addresses(text) == {
        "sink postgres": "http://127.0.0.1:9464/metrics",
        "gateway": "https://gateway.example.org",
    }
    assert watched_addresses("") == {}


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("worker=http://127.0.0.1:1", f"names no process: give one of {', '.join(KEYS)}"),
        ("http://127.0.0.1:1", "names no process"),
        ("api=127.0.0.1:9464", "api: give where its /metrics are, such as api=http://127.0.0.1:9464"),
        ("api=http://127.0.0.1:port", "api: give where"),
        ("api=http://ada:secret@127.0.0.1:9464", "api: give where"),
        ("api=http://a:1 api=http://b:1", "names api twice"),
    ],
)
def test_a_wrong_address_is_refused_with_the_cure_and_is_not_repeated(text: str, cure: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(_env_file=None, watched=text)

    [mistake] = refused.value.errors(include_url=False, include_input=False)
    assert cure in mistake["msg"]
    assert "secret" not in mistake["msg"]
