"""Custom fields of webhooks whose names are almost those of the contract are found, and senders' own are not."""

import orjson
import pytest

from events.adapters.misspelled_fields import misspelled_fields

SENDGRIDS_OWN = (
    "asm_group_id attempt bounce_classification category cert_err email event ip marketing_campaign_id "
    "marketing_campaign_name marketing_campaign_split_id marketing_campaign_version mc_auto_id mc_auto_name mc_pod_id "
    "mc_stats newsletter phase_id pool reason response send_at sg_content_type sg_event_id sg_machine_open "
    "sg_message_id sg_template_id sg_template_name sg_user_id singlesend_id singlesend_name smtp-id status template_id "
    "template_hash template_version_id timestamp tls type unique_args url url_offset useragent user_id"
).split()


def sendgrid(*names: str) -> bytes:
    return orjson.dumps([{"event": "open"} | dict.fromkeys(names, "x")])


def mailgun(*names: str) -> bytes:
    return orjson.dumps({"event-data": {"event": "opened", "user-variables": dict.fromkeys(names, "x")}})


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("campain_id", "campaign_id"),
        ("campaignId", "campaign_id"),
        ("purpos", "purpose"),
        ("experiment", "experiment_id"),
        ("experiment_varient", "experiment_variant"),
        ("listid", "list_id"),
        ("timezone", "time_zone"),
        ("postcode", "postal_code"),
    ],
)
def test_a_misspelled_custom_field_is_named_with_the_field_that_was_meant(name: str, meant: str) -> None:
    for vendor, body in (("sendgrid", sendgrid(name)), ("mailgun", mailgun(name))):
        [[found]] = misspelled_fields(vendor, body)
        assert (found.type, found.field, found.near) == ("email.opened", name, meant)


def test_fields_of_the_vendor_and_names_of_the_senders_own_are_passed_over() -> None:
    own = ["my_message_id", "template", "user_name", "colour", "external_van", "campaign_name", "ada@example.org"]
    assert misspelled_fields("sendgrid", sendgrid(*SENDGRIDS_OWN, *own)) == []
    assert misspelled_fields("mailgun", mailgun(*own)) == []


def test_each_element_with_misspelled_fields_has_a_list_of_its_own() -> None:
    events = [{"event": "open", "purpos": "x"}, {"event": "open"}, {"event": "click", "purpos": "x", "campain_id": "y"}]
    found = misspelled_fields("sendgrid", orjson.dumps(events))
    assert [sorted(each.field for each in fields) for fields in found] == [["purpos"], ["campain_id", "purpos"]]


@pytest.mark.parametrize("body", [b"", b"[", b"[1, null]", b'{"event": "none", "purpos": 1}', b'{"event-data": 1}'])
@pytest.mark.parametrize("vendor", ["mailgun", "sendgrid", "actblue"])
def test_bodies_that_hold_no_event_have_no_misspelled_fields(vendor: str, body: bytes) -> None:
    assert misspelled_fields(vendor, body) == []


def test_a_misspelled_name_beside_the_right_one_is_passed_over() -> None:
    assert misspelled_fields("mailgun", mailgun("campaignid", "campaign_id")) == []
