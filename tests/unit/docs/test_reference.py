"""Pages that list what the code has list all of it and nothing else, and generated pages are as they are made."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import get_args

import pytest

from benchmarks.experiments.errors import EFFECTS, KINDS, MOST
from events import reference
from events.adapters.mapping import parse_mapping
from events.console_acts import CONSOLE_ACTS
from events.regimes import REGIMES
from events.registry import MODELS
from events.rights_requests import EXTENSION_REASONS, RIGHTS_KINDS, RIGHTS_OUTCOMES
from events.topics import ALL, OF_BACKFILLS
from streams.domain.campaigns.campaign_state import Rule as CampaignRule
from streams.domain.dead_letter_repair import casting
from streams.domain.dead_letter_repair.mapping import Mapping, read_mapping
from streams.domain.human.weights import PRIOR, WEIGHTS, Signal
from streams.domain.pressure import FileMistakes, Reason, default_policy_text, read_policy
from streams.domain.pressure.alerting import Rule
from streams.domain.rights.permitted import DEEDS_OF
from streams.domain.vendors.reconciling import OwnReason
from streams.history.importing.file_items import VENDORS
from streams.operations.privacy_page import hurrying, made_anew, table
from streams.platform.settings import Settings, variable_of
from streams.platform.settings_reference import SECTIONS, settings_page
from streams.platform.topics import changelog_topics
from streams.services.gateway.hooks import HookTable
from streams.services.vendors.names import VendorName
from streams.worker.agents.experiments.alerts import Rule as ExperimentRule

ROOT = Path(__file__).parents[3]


def text_of(page: str) -> str:
    return (ROOT / "docs" / page).read_text()


def first_cells(text: str) -> set[str]:
    """The names that stand alone, or with others of their kind, in the first cell of a row."""
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", text, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"\w+", row)}


@pytest.mark.parametrize(
    ("page", "made"),
    [
        ("events.md", lambda _: reference.page()),
        ("settings.md", lambda _: settings_page() + "\n"),
        ("privacy.md", made_anew),
        ("dead-letters.md", reference.with_held_types),
    ],
)
def test_a_generated_page_is_as_it_is_made(page: str, made: Callable[[str], str]) -> None:
    assert made(text_of(page)) == text_of(page), "run `make schemas`"


@pytest.mark.parametrize(
    ("page", "end", "names"),
    [
        (
            "alerts.md",
            "## Which mailbox provider",
            [*get_args(Rule), *get_args(CampaignRule), *get_args(ExperimentRule), "erased"],
        ),
        ("dead-letters.md", None, Mapping.model_fields),
        ("gateway.md", None, HookTable.model_fields),
    ],
)
def test_every_rule_section_and_key_has_its_row(page: str, end: str | None, names: Iterable[str]) -> None:
    text = text_of(page)
    assert first_cells(text.partition(end)[0] if end else text) == {*names}


def test_every_field_of_every_type_is_in_its_table() -> None:
    parts = re.split(r"^### `([a-z_.]+)`$", text_of("events.md"), flags=re.MULTILINE)
    told = {type_: first_cells(text) for type_, text in zip(parts[1::2], parts[2::2], strict=True)}
    common = {"contact", "team", "campaign_id", "universe", "turf"}
    assert told == {type_: set(model.model_fields) - common for type_, model in MODELS.items()}
    assert common <= first_cells(parts[0])


def test_every_weight_of_a_signal_stands_in_its_table() -> None:
    row = re.compile(r"^\| ((?:`\w+`(?:, )?)+|prior) \| (\S+) \| (\S+) \|", re.MULTILINE)
    told: dict[str, tuple[int | None, ...]] = {}
    for names, *cells in row.findall(text_of("human.md").replace("0 to +20", "+20")):
        numbers = tuple(None if cell == "–" else int(cell.replace("−", "-")) for cell in cells)
        told |= dict.fromkeys(re.findall(r"\w+", names), numbers)
    weights = {signal.value: (WEIGHTS["open"].get(signal), WEIGHTS["click"].get(signal)) for signal in Signal}
    assert told == weights | {"prior": (PRIOR["open"], PRIOR["click"]), Signal.CLICKED.value: (20, None)}


def test_every_reason_of_a_decision_is_listed_in_the_order_of_the_code() -> None:
    listed = re.findall(r"^\| `(\w+)` \| (?:allow|deny|defer)", text_of("policy.md"), re.MULTILINE)
    assert tuple(listed) == get_args(Reason)


def test_the_mistakes_of_a_policy_that_are_shown_are_told_so() -> None:
    text = default_policy_text().replace('{ window = "1d", at_most = 2 }', '{ window = "1d", at_most = 0 }')
    text = text.replace('daily = "09:00-20:00"', 'daily = "20:00-09:00"', 1)
    found = read_policy(re.sub(r"phone = \[.*?\n\]\n", "", text, flags=re.DOTALL))
    assert isinstance(found, FileMistakes)
    assert f"```\n{found}\n```" in text_of("policy.md")


def test_the_mappings_that_are_shown_can_be_used_and_every_cast_is_named() -> None:
    [shown] = re.findall(r"```toml\n(name = .*?)```", text_of("producers.md"), re.DOTALL)
    assert parse_mapping(shown).name == "phonebank"
    [repair] = re.findall(r"```toml\n(.*?)```", text_of("dead-letters.md"), re.DOTALL)
    found = read_mapping(repair)
    assert isinstance(found, Mapping)
    assert found.cast == {("data", "amount"): "int"}
    assert all(f"`{kind}`" in text_of("dead-letters.md") for kind in casting.KINDS)


def test_every_vendor_is_explained_with_its_settings_and_reasons() -> None:
    producers, page = text_of("producers.md"), text_of("vendors.md")
    for vendor in VENDORS:
        assert f"hooks/{vendor}`" in producers or f"import {vendor} " in producers, vendor
    for vendor in get_args(VendorName):
        assert f"harmonia vendors sync {vendor}" in page
        assert all(variable_of(f"{vendor}_{setting}") in page for setting in ("key", "url"))
    rows = re.findall(r"^\| (`.*?) \|", page, re.MULTILINE)
    assert {*get_args(OwnReason)} <= {name for row in rows for name in re.findall(r"`(\w+)`", row)}


@pytest.mark.parametrize("page", ["regimes.md", "fr/regimes.md"])
def test_the_defaults_of_regimes_that_are_shown_are_those_of_the_registry(page: str) -> None:
    header, *shown = re.findall(r"^\| [^|]+ \| `([^`]+)` \| `([^`]+)` \| `([^`]+)` \|", text_of(page), re.MULTILINE)
    assert header == tuple(REGIMES)
    assert shown == [tuple(map(str, row)) for row in zip(*REGIMES.values(), strict=True)]


@pytest.mark.parametrize("page", ["rights.md", "fr/droits.md"])
def test_every_kind_deed_reason_outcome_and_act_of_requests_is_named(page: str) -> None:
    text = text_of(page)
    acts = [act for act in CONSOLE_ACTS if act.endswith("_request")]
    assert [word for word in (*RIGHTS_KINDS, *acts) if word not in text] == []
    words = {*EXTENSION_REASONS, *DEEDS_OF["rectification"], *RIGHTS_OUTCOMES}
    assert {word for word in words if f"`{word}`" not in text and f" {word}`" not in text} == set()


def test_every_topic_is_in_one_row_with_what_it_holds_of_a_person() -> None:
    rows = [line for line in table().splitlines() if line.startswith("| `")]
    for topic in (*ALL, *changelog_topics("harmonia")):
        [row] = [row for row in rows if f"`{topic.name}`" in row.split(" | ")[0]]
        assert f" | {topic.people} | " in row
    [contacts] = [row for row in rows if row.startswith("| `harmonia-contacts-changelog`")]
    assert OF_BACKFILLS in contacts


def test_compaction_is_hurried_where_people_are_and_not_in_plans_or_holds() -> None:
    listed, _, _ = hurrying().removeprefix("for topic in ").partition("; do\n")
    names = set(listed.replace("\\", "").split())
    assert names >= {
        *("contact-state", "contact-links", "contact-suppressions", "experiment-results", "identity-links"),
        *("contact-roofs", "contact-fragments"),
        *("harmonia-contacts-changelog", "harmonia-links-changelog", "harmonia-campaigns-changelog"),
    }
    assert not names & {"experiment-definitions", "campaign-holds", "interactions", "harmonia-experiments-changelog"}


@pytest.mark.parametrize("part", ["topics", "compaction"])
def test_a_page_where_the_place_of_a_part_is_not_marked_is_an_error(part: str) -> None:
    with pytest.raises(ValueError, match=f"not marked by <!-- {part}"):
        made_anew(text_of("privacy.md").replace(f"<!-- {part} end -->", ""))


def test_every_setting_is_in_one_section_with_its_meaning_limits_and_default() -> None:
    page = settings_page()
    assert Counter(name for section in SECTIONS for name in section.fields) == Counter([*Settings.model_fields])
    for name, field in Settings.model_fields.items():
        [row] = [line for line in page.splitlines() if line.startswith(f"| `{variable_of(name)}` |")]
        assert row.replace(r"\|", "").strip("| ").split(" | ")[3:] == [field.description]
    for name, type_and_default in {
        "partitions": "whole number, 1 to 1,024 | `8`",
        "quarantine_share": "number, above 0, up to 1 | `0.5`",
        "lake": "text | none",
        "state_dir": "path | `.harmonia/state`",
        "gmail_aliases": "`True` or `False` | `False`",
        "kafka_password": "secret | none",
        "identity_key": "secret | a local one",
        "redis_url": r"text, `^(redis\|rediss\|unix)://` | `redis://127.0.0.1:6379/0`",
    }.items():
        assert f"| `{variable_of(name)}` | {type_and_default} |" in page


def test_every_simulated_promise_of_experiments_is_in_the_table_and_was_kept() -> None:
    row = re.compile(r"^\| ([^|]+) \| ([\d.,]+) [^|]+ \| ([≤≥]) ([\d.]+) [^|]+\|$", re.MULTILINE)
    rows = [
        (what, float(n.replace(",", "")), sign, float(b)) for what, n, sign, b in row.findall(text_of("experiments.md"))
    ]
    assert [what for what, n, sign, bound in rows if (n > bound if sign == "≤" else n < bound)] == []
    simulated = " ".join(what for what, *_ in rows)
    assert [what for what in (*KINDS, *EFFECTS) if what not in simulated] == []
    assert all(bound == MOST for what, _, _, bound in rows if "winner" in what)


def test_every_test_that_the_guarantees_name_is_there_and_every_fault_of_chaos_is_named() -> None:
    def defined(folder: str) -> set[str]:
        files = (ROOT / "tests" / folder).rglob("test_*.py")
        found = (re.findall(r"^ *(?:async )?def (test_\w+)", file.read_text(), re.MULTILINE) for file in files)
        return set().union(*found)

    named = set(re.findall(r"`(test_\w+)`", text_of("guarantees.md")))
    assert named - defined(".") == set()
    assert defined("chaos") - named == set()
