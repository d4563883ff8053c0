"""The fixtures of every vendor that sends JSON, and the fields that are new whenever it delivers the same again."""

from tests.unit.adapters import fixtures_sendgrid
from tests.unit.adapters.fixture import Fixture

FIXTURES: dict[str, dict[str, Fixture]] = {
    "sendgrid": fixtures_sendgrid.FIXTURES,
}
NEW_AT_EACH_DELIVERY: dict[str, tuple[str, ...]] = {
    "sendgrid": fixtures_sendgrid.NEW_AT_EACH_DELIVERY,
}
CASES = [(vendor, name) for vendor, fixtures in FIXTURES.items() for name in fixtures]
