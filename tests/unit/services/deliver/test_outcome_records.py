"""What `delivery-log` says of what can be told no more."""

import orjson
from faust.types import TP

from streams.domain.delivery.signing import webhook_id
from streams.services.deliver.backlog import Place
from streams.services.deliver.beginning import Begun, Expired, Lost
from streams.services.deliver.outcome_records import logs_of_gone

ALERTS = TP("contact-alerts", 3)


def test_what_waited_in_a_topic_that_is_no_more_and_what_expired_unread_are_in_the_log() -> None:
    begun = Begun({}, (), [Lost(Place(ALERTS, 7), "old", 2)], [Expired(Place(ALERTS, 9), "new", 1_200)])
    lost, expired = [orjson.loads(output.value or b"") for output in logs_of_gone("app", begun)]
    assert {lost["fate"], expired["fate"]} == {"gone"}
    assert (lost["id"], lost["offset"], lost["attempts"]) == (webhook_id("app", "old", 3, 7), 7, 2)
    assert (expired["id"], expired["offset"], expired["attempts"]) == (webhook_id("app", "new", 3, 9), 9, 0)
    assert (expired["trouble"], expired["offsets"]) == ("Expired", 1_200)
    assert "offsets" not in lost
