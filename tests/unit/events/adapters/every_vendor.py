"""The fixtures of every vendor that sends JSON, and the fields that are new whenever it delivers the same again."""

from tests.unit.events.adapters import (
    fixtures_actblue,
    fixtures_actionnetwork,
    fixtures_mailgun,
    fixtures_mobilize,
    fixtures_movement,
    fixtures_postmark,
    fixtures_sendgrid,
    fixtures_ses,
    fixtures_twilio,
    fixtures_van,
)
from tests.unit.events.adapters.fixture import Fixture

_OF = {
    "actblue": fixtures_actblue,
    "actionnetwork": fixtures_actionnetwork,
    "mailgun": fixtures_mailgun,
    "mobilize": fixtures_mobilize,
    "movement": fixtures_movement,
    "postmark": fixtures_postmark,
    "sendgrid": fixtures_sendgrid,
    "ses": fixtures_ses,
    "twilio": fixtures_twilio,
    "van": fixtures_van,
}
FIXTURES: dict[str, dict[str, Fixture]] = {vendor: module.FIXTURES for vendor, module in _OF.items()}
NEW_AT_EACH_DELIVERY: dict[str, tuple[str, ...]] = {
    vendor: module.NEW_AT_EACH_DELIVERY for vendor, module in _OF.items()
}
CASES = [(vendor, name) for vendor, fixtures in FIXTURES.items() for name in fixtures]
