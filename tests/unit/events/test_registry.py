"""The table of types is whole, and all that is known of a type is derived from it."""

import json
import subprocess
import sys

from events.registry import BY_NAME, RSVPS, SPECS, TOPICS_OF, types_that
from events.topics import INPUT_TOPICS


def test_each_type_has_one_entry_with_a_model_of_its_own_and_topics_that_are_input() -> None:
    inputs = {topic.name for topic in INPUT_TOPICS}

    assert len(BY_NAME) == len(SPECS)
    assert len({spec.model for spec in SPECS}) == len(SPECS)
    assert all(spec.topics and spec.topics <= inputs for spec in SPECS)
    assert set().union(*TOPICS_OF.values()) == inputs


def test_the_fields_of_a_type_spec_agree_with_each_other() -> None:
    """A message that may wait would be a touch too late; what moves money or refuses is never held."""
    for spec in SPECS:
        speaks_of_a_message = spec.touch_channel or spec.cancels_touch or spec.engagement or spec.arrival
        assert spec.is_message or not speaks_of_a_message, spec.name
        assert not (spec.touch_channel and spec.cancels_touch), spec.name
        assert not spec.address_failed or spec.cancels_touch, spec.name
        is_urgent = spec.touch_channel or spec.cancels_touch or spec.money or spec.stop_reason or spec.is_command
        assert not (spec.can_wait and is_urgent), spec.name
        assert not (spec.is_bare and (spec.is_message or spec.money or spec.stop_reason)), spec.name
        assert spec.begins_record == "never" or spec.decides == "all", spec.name


def test_the_lists_that_the_contract_fixes_are_as_it_says() -> None:
    touches = {"email.sent": "email", "email.delivered": "email", "text.sent": "text", "text.delivered": "text"}
    for_a_week = {
        *(f"email.{word}" for word in "sent delivered opened clicked bounced deferred dropped".split()),
        *(f"text.{word}" for word in "sent delivered failed".split()),
    }

    assert {spec.name: spec.touch_channel for spec in SPECS if spec.touch_channel} == touches
    assert types_that(lambda spec: spec.cancels_touch) == {"email.bounced", "email.dropped", "text.failed"}
    assert types_that(lambda spec: spec.is_message) == for_a_week
    assert {*RSVPS} == {name for name in BY_NAME if name.startswith("rsvp.")}
    assert types_that(lambda spec: spec.begins_record != "never") == {
        "donation.made",
        "form.submitted",
        "consent.changed",
    }


def test_a_type_that_is_added_to_the_table_arrives_in_a_profile_and_in_the_lake() -> None:
    program = [sys.executable, "-m", "tests.unit.events.with_a_scratch_type"]

    done = subprocess.run(program, capture_output=True, text=True, check=True)

    assert json.loads(done.stdout) == {
        "refused": "unknown_type",
        "counts": {"pet.met": 1},
        "folder": ["2012-02-22", "pet.met"],
        "id": ["1"],
        "column": ["rex"],
        "erased": [None],
        "read_fast": True,
        "documented": True,
        "may_wait": True,
        "begins": True,
        "asked_for": True,
    }
