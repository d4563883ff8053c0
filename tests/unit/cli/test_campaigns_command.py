"""`harmonia campaigns list` has campaigns of mail and of texts, and – for what is not known of them."""

import orjson

from streams.cli.campaigns import campaign_cells, campaign_rows
from streams.domain.campaigns import CampaignCounts, ProviderCounts, ReportCount
from streams.operations.text_campaigns import TextCounts, count_texts

AT = "2026-02-03T18:00:00.000Z"
AT_MS = 1_770_141_600_000


def record(who: str, id_: str, type_: str, **data: str) -> tuple[bytes, bytes]:
    return who.encode(), orjson.dumps({"id": id_, "source": "digital/sms", "type": type_, "time": AT, "data": data})


SENT = [
    record("van.1", "1", "text.sent", campaign_id="polls-2", message_id="m1"),
    record("van.1", "1", "text.sent", campaign_id="polls-2", message_id="m1"),
    record("van.2", "2", "text.sent", campaign_id="polls-2", message_id="m2"),
    record("van.2", "3", "text.delivered", campaign_id="polls-2", message_id="m2"),
    record("van.9", "4", "text.sent", campaign_id="polls-3", message_id="m3"),
]


def test_texts_are_counted_once_by_campaign_and_stops_by_the_text_that_they_answer() -> None:
    stops = [
        record("van.2", "5", "text.opted_out", message_id="m2", keyword="STOP"),
        record("van.1", "6", "text.opted_out", campaign_id="polls-2"),
        record("van.7", "7", "text.opted_out"),
        record("van.7", "8", "text.opted_out", message_id="m1"),
        (b"van.1", b'{"type": "text.sent'),
        (b"van.1", None),
    ]
    assert count_texts([*stops, *SENT], is_whole=True) == {
        "polls-2": TextCounts(2, 2, AT_MS), "polls-3": TextCounts(1, None, AT_MS),
    }  # fmt: skip


def test_of_a_part_of_the_interactions_a_campaign_of_texts_is_named_without_numbers() -> None:
    assert count_texts(SENT, is_whole=False)["polls-2"] == TextCounts(None, None, AT_MS)


def test_campaigns_of_texts_are_listed_with_a_dash_for_what_they_do_not_have() -> None:
    mail = CampaignCounts({"gmail": ProviderCounts(1_000, 990, ReportCount(3, ()), ReportCount(2, ()))}, AT_MS - 1)
    texts = {"polls-2": TextCounts(2_000, 7, AT_MS), "polls-3": TextCounts(None, None, AT_MS + 1)}
    rows = campaign_rows({"gotv-3": mail}, texts, {"held": None}, AT_MS)
    assert [(cells[0], cells[1], *cells[3:]) for cells in map(campaign_cells, rows)] == [
        ("held", "", "0", "0", "0", "until lifted"),
        ("gotv-3", "email", "1,000", "3", "2", ""),
        ("polls-2", "text", "2,000", "–", "7", ""),
        ("polls-3", "text", "–", "–", "–", ""),
    ]


def test_a_campaign_of_mail_and_texts_has_the_counts_of_its_mail() -> None:
    mail = CampaignCounts({"gmail": ProviderCounts(1_000, 990, ReportCount(3, ()), ReportCount(2, ()))}, AT_MS - 1)
    [row] = campaign_rows({"gotv-3": mail}, {"gotv-3": TextCounts(5, 1, AT_MS)}, {}, AT_MS)
    assert (row.channels, row.messages, row.unsubscribes, row.last_sent) == (["email", "text"], 1_000, 2, AT_MS)
