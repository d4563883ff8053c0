"""A name in a question that is spelled like one on hold or like one that people have stopped is remarked."""

import pytest
from msgspec.structs import replace

from streams.domain.pressure import PermissionRequest, default_policy
from streams.services.permission.near_names import (
    caller_remark,
    cannot_be_a_sender,
    sender_form_remark,
    sender_remark,
)

HOTLINE = "+12125550100"


@pytest.mark.parametrize("sender", ["+12125550l00", "+12125550101", "1212555010"])
def test_a_sender_that_is_spelled_like_a_stopped_one_is_remarked(sender: str) -> None:
    assert sender_remark(sender, {HOTLINE}, "US", "this person has") == (
        f"this person has stopped {HOTLINE}: is that the one?"
    )


@pytest.mark.parametrize("sender", [HOTLINE, "(212) 555-0100", " 212.555.0100 ", None])
def test_a_sender_that_is_a_stopped_one_however_it_is_written_needs_no_remark(sender: str | None) -> None:
    assert sender_remark(sender, {HOTLINE}, "US", "this person has") is None


def test_a_sender_of_texts_that_is_no_number_is_remarked() -> None:
    for sender in ("abc", "+12125550l00"):
        assert "no phone number" in (sender_form_remark(sender, "text", "US") or "")
    for other in (HOTLINE, "12345", "212-555-0100", None):
        assert sender_form_remark(other, "text", "US") is None
    assert sender_form_remark("abc", "email", "US") is None


def test_what_has_no_letter_and_no_digit_can_be_no_sender() -> None:
    assert cannot_be_a_sender(" +-")
    assert not cannot_be_a_sender("a")


def test_who_does_not_say_who_speaks_is_told_where_that_decides() -> None:
    asked = PermissionRequest(channel="phone", purpose="mobilisation", team="field")
    remark = caller_remark(asked, default_policy("fr"))
    assert remark is not None
    assert remark.startswith("who speaks is not said")
    assert caller_remark(replace(asked, automatic=False), default_policy("fr")) is None
    assert caller_remark(replace(asked, channel="text"), default_policy("fr")) is None
    assert caller_remark(asked, default_policy()) is None
