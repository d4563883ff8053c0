"""A strategist asks which letter works and what stood out on a day."""

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import Readers
from tests.browser.console_site import ConsoleSite
from tests.browser.experiment_data import EXPERIMENT, PEOPLE, assign, give
from tests.browser.reader import PHONE, Reader
from tests.integration.command import ended_well, harmonia_process, on

DAY = "/days/2012-02-22"


def test_a_strategist_finds_the_letter_that_works_and_sees_people_come_in(reader: Readers, site: ConsoleSite) -> None:
    ada = reader("ada")
    ada.choose("Results", "Experiments")
    ada.page.get_by_role("link", name=EXPERIMENT, exact=True).click()

    expect(ada.page.locator("#body-warnings")).to_contain_text("SPLIT NOT CHECKED: nobody has defined the experiment")
    verdict = ada.page.locator("#body-verdict")
    expect(verdict).to_contain_text("urgent does better than plain")
    expect(verdict.locator("svg.row title").first).to_contain_text("urgent: +")

    people = ada.page.locator("#body-figures table").first
    expect(people).to_contain_text(str(PEOPLE))
    before = people.inner_text()
    assign(site.system, "urgent")
    expect(people).not_to_have_text(before)
    assert ada.page.url.endswith(f"/experiments/{EXPERIMENT}")


SEGMENT = """
[[segment]]
id = "large-givers"
owner = "finance"
members = true
all = [{ gifts = "sum", currency = "USD", at_least = 900000 }]
"""


def test_a_strategist_sees_a_segment_in_words_and_people_come_in(
    reader: Readers, site: ConsoleSite, tmp_path: Path
) -> None:
    file = tmp_path / "segments.toml"
    file.write_text(SEGMENT)
    ended_well(harmonia_process(tmp_path, "segments", "define", str(file), environment=on(site.system.stack)))
    ada = reader("ada")
    ada.choose("People", "Segments")
    ada.page.get_by_role("link", name="large-givers", exact=True).click()

    expect(ada.page.get_by_role("heading", level=1)).to_have_text("large-givers")
    expect(ada.page.locator("#body-definition")).to_contain_text("sum of gifts, in USD, at least $9,000")
    for _ in range(10):
        give(site.system, 900_000)
    expect(ada.page.locator("#body-figures")).to_contain_text("10 people are in it")
    assert ada.page.url.endswith("/segments/large-givers")
    a_change_is_tried_out_as_rows(ada)


def a_change_is_tried_out_as_rows(ada: Reader) -> None:
    """Of the segment whose page is open; on a phone, for whoever cannot see it too."""
    ada.page.get_by_role("link", name="Try out a change").click()
    ada.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    ada.page.get_by_label("Another condition").select_option(label="Support")
    ada.page.get_by_role("button", name="Add: must be true").click()
    ada.page.get_by_role("group", name="2. Support").get_by_label("1", exact=True).check()
    assert ada.violations() == []
    assert ada.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    ada.page.get_by_role("button", name="Count").last.click()
    expect(ada.page.get_by_role("heading", name="How many it would let in")).to_be_visible()
    ada.page.get_by_text("As text", exact=True).click()
    expect(ada.page.locator("#text")).to_have_value(re.compile(r"support = \[1\]"))


def test_a_day_is_shown_as_soon_as_its_report_is_made(reader: Readers) -> None:
    ada = reader("ada")
    ada.choose("Results", "Days")
    ada.page.wait_for_url(re.compile(r"/days/\d{4}-\d\d-\d\d$"))  # with all that it loads, or that counts as lost
    ada.open(DAY)

    expect(ada.page.get_by_role("heading", level=1)).to_have_text("Wednesday, 22 February 2012")
    expect(ada.page.locator("#body-summary .figure").first).to_contain_text("gross")
    expect(ada.page.locator("#body-money")).to_contain_text(re.compile(r"gross\s*\$[\d,]+\.\d\d"))
    expect(ada.page.locator("#body-field")).to_contain_text("door")
    ada.page.get_by_role("link", name="← Tuesday, 21 February 2012").click()
    expect(ada.page.get_by_role("heading", level=1)).to_have_text("Tuesday, 21 February 2012")
