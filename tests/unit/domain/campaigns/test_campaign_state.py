from streams.domain.campaigns import CampaignRoll, with_reported_campaigns
from streams.domain.campaigns.campaign_state import FORGOTTEN_AFTER_MS, MAX_CAMPAIGNS
from tests.unit.domain.campaigns.sending import DAY, NOON


def test_a_campaign_of_which_nothing_is_heard_is_forgotten() -> None:
    roll, forgotten = with_reported_campaigns(
        CampaignRoll({"a": NOON, "b": NOON + DAY}), ["c"], NOON + FORGOTTEN_AFTER_MS
    )
    assert not forgotten
    assert with_reported_campaigns(roll, ["c"], NOON + FORGOTTEN_AFTER_MS + 1) == (
        CampaignRoll({"b": NOON + DAY, "c": NOON + FORGOTTEN_AFTER_MS + 1}),
        ["a"],
    )


def test_who_is_heard_of_again_stays() -> None:
    roll, _ = with_reported_campaigns(CampaignRoll({"a": NOON, "b": NOON}), ["a"], NOON + 20 * DAY)
    assert list(roll.heard) == ["b", "a"]
    assert with_reported_campaigns(roll, ["a"], NOON + 40 * DAY)[1] == ["b"]


def test_of_too_many_those_heard_of_last_are_remembered() -> None:
    roll, forgotten = with_reported_campaigns(CampaignRoll(), ["real", *map(str, range(MAX_CAMPAIGNS - 1))], NOON)
    assert not forgotten
    roll, forgotten = with_reported_campaigns(roll, ["new", "real"], NOON + 1)
    assert forgotten == ["0"]
    roll, forgotten = with_reported_campaigns(roll, [f"more-{number}" for number in range(2 * MAX_CAMPAIGNS)], NOON + 2)
    assert len(roll.heard) == MAX_CAMPAIGNS
    assert {"new", "real", "more-0"} <= {*forgotten}


def test_a_clock_that_goes_back_changes_no_order() -> None:
    roll, _ = with_reported_campaigns(CampaignRoll({"a": NOON}), ["b"], NOON - DAY)
    assert roll == CampaignRoll({"a": NOON, "b": NOON})
