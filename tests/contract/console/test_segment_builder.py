"""Trying out, defining and withdrawing segments from the console: mistakes, counts, rights, nothing without audit."""

import re
from collections.abc import Mapping
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis

import streams
from streams.domain.file_mistakes import FileMistakes
from streams.domain.pressure import default_policy
from streams.domain.pressure.closures import channel_rules
from streams.domain.segments.definition_files import definition_toml, read_segments
from streams.domain.segments.matching import matches
from streams.domain.segments.previews import PreviewProgress, PreviewQuestion, PreviewRefusal, asked_segments
from streams.services.console.rights import Scope, Viewer
from streams.services.console.words import Language
from streams.services.segment_preview import SegmentPreview, put_together
from tests.contract.console.signed_in_console import SignedInConsole, Written
from tests.contract.console.test_segment_pages import PEOPLE, filled
from tests.contract.redis_server import RedisServer
from tests.unit.domain.contact.said import NOON, gift, report
from tests.unit.domain.segments.said_of import person

STRATEGIST = Viewer("ada", frozenset({"figures"}))
SENDER = Viewer("sam", frozenset({"sending", "treasury"}))
EXPEDITRICE = Viewer("sophie", frozenset({"sending"}), language="fr")
OF_FIELD = Viewer("fay", frozenset({"sending"}), Scope(teams=frozenset({"field"})))
HOSTS = '[[segment]]\nid = "hosts"\nowner = "digital"\nall = [{ tag = "host" }]\n'
DONORS = '[[segment]]\nid = "donors"\nowner = "field"\nmembers = true\nall = [{ tag = "volunteer" }]\n'


def counted(question: PreviewQuestion) -> SegmentPreview:
    """Of four partitions three have judged half of a thousand each, 200 of whom would be in it."""
    judged = PreviewProgress(1, 1_000, 500, 500, (200,) * len(question.asked))
    return put_together(question, dict.fromkeys(range(3), judged), 4)


@pytest.fixture
async def console(redis_client: Redis, redis_server: RedisServer, tmp_path: Path) -> SignedInConsole:
    await filled(redis_server, {"donors": PEOPLE})
    return SignedInConsole(redis_client, tmp_path, preview=counted, audit=Written())


async def sent(console: SignedInConsole, viewer: Viewer, path: str, form: Mapping[str, str]) -> httpx.Response:
    async with console.browser(viewer) as browser:
        return await console.post(browser, path, **form)


async def draft(console: SignedInConsole, viewer: Viewer, text: str, status: int = 200) -> str:
    answer = await sent(console, viewer, "/segments/draft", {"text": text})
    assert answer.status_code == status, answer.text
    return answer.text


async def test_a_draft_says_how_many_it_would_let_in_and_what_defining_it_would_change(
    console: SignedInConsole,
) -> None:
    text = await draft(console, SENDER, HOSTS)
    assert '<td class="number" data-label="About">1,600</td>' in text
    assert "Estimated from a sample of 1,500 contacts" in text
    assert "3 of 4 partitions have answered" in text
    assert "is new, everybody is judged anew" in text
    assert 'action="/segments/define"' in text
    french = await draft(console, EXPEDITRICE, HOSTS)
    assert "D’après un échantillon de" in french
    assert "est nouveau, tout le monde est examiné de nouveau" in french
    assert "La définir" not in french  # which is of an experiment
    assert "<h2>Définir</h2>" in french


async def test_who_may_not_define_can_count_all_the_same(console: SignedInConsole) -> None:
    text = await draft(console, STRATEGIST, HOSTS.replace('tag = "host"', 'region = "US-OH"'))
    assert '<td class="number" data-label="About">1,600</td>' in text
    assert 'action="/segments/define"' not in text
    assert "None of your roles may do this." in text
    assert "None of your roles may do this." not in await draft(console, SENDER, HOSTS)
    answer = await sent(console, STRATEGIST, "/segments/define", {"text": HOSTS})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("[[segment", "is not TOML"),
        (HOSTS.replace("tag", "tagg"), "is no condition that is known"),
        ('{"segment": [{"id": "x"}]}', "add all, any or none"),
        (HOSTS.replace('tag = "host"', 'segment = "doners"'), "did you mean donors?"),
    ],
)
async def test_mistakes_stand_beside_the_text_and_nobody_is_counted(
    console: SignedInConsole, text: str, mistake: str
) -> None:
    shown = await draft(console, SENDER, text, 422)
    assert mistake in shown
    assert "How many it would let in" not in shown
    assert (await sent(console, SENDER, "/segments/define", {"text": text})).status_code == 422


async def test_the_builder_begins_with_the_segment_that_is_to_be_changed(console: SignedInConsole) -> None:
    async with console.browser(SENDER) as browser:
        new, edit = await browser.get("/segments/new"), await browser.get("/segments/donors/edit")
        gone, page = await browser.get("/segments/doners/edit"), await browser.get("/segments/donors")
        withdraw = await browser.get("/segments/donors/withdraw")
    assert [each.status_code for each in (new, edit, gone, page, withdraw)] == [200, 200, 404, 200, 200]
    assert "id = &#34;donors&#34;\nowner = &#34;field&#34;" in edit.text
    assert 'href="/segments/donors/edit"' in page.text
    assert "Withdraw donors?" in withdraw.text


async def test_what_is_so_already_is_not_ordered_again(console: SignedInConsole) -> None:
    answer = await sent(console, SENDER, "/segments/define", {"text": DONORS})
    assert (answer.status_code, answer.headers["location"]) == (303, "/segments/donors")
    answer = await sent(console, SENDER, "/segments/withdraw", {"segment": "hosts"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/segments")


async def test_what_somebody_has_changed_meanwhile_is_not_overwritten(console: SignedInConsole) -> None:
    changed = DONORS.replace("volunteer", "host")
    answer = await sent(console, SENDER, "/segments/define", {"text": changed, "base": "0" * 16})
    assert answer.status_code == 409
    assert "Somebody has changed this segment" in answer.text


async def test_a_segment_that_another_refers_to_is_not_withdrawn(console: SignedInConsole) -> None:
    answer = await sent(console, SENDER, "/segments/withdraw", {"segment": "donors"})
    assert answer.status_code == 409
    assert "Other segments refer to it: newcomers." in answer.text


async def test_who_sees_one_team_changes_no_segment_of_another(console: SignedInConsole) -> None:
    assert (await sent(console, OF_FIELD, "/segments/define", {"text": HOSTS})).status_code == 403
    assert (await sent(console, OF_FIELD, "/segments/withdraw", {"segment": "newcomers"})).status_code == 403


async def test_nothing_is_sent_before_it_is_in_the_audit_log(
    redis_client: Redis, redis_server: RedisServer, tmp_path: Path
) -> None:
    await filled(redis_server, {"donors": PEOPLE})
    written = Written()
    console = SignedInConsole(redis_client, tmp_path, preview=counted, audit=written)
    shown = await draft(console, SENDER, HOSTS)
    base = shown.partition('name="base" value="')[2].partition('"')[0]
    written.is_away = True
    answer = await sent(console, SENDER, "/segments/define", {"text": HOSTS, "base": base})
    assert answer.status_code == 503
    assert "Kafka cannot write down" in answer.text


async def test_a_segment_that_this_version_cannot_read_is_changed_by_those_alone_who_see_everything(
    redis_client: Redis, redis_server: RedisServer, tmp_path: Path
) -> None:
    later = {"id": "hosts", "owner": "digital", "all": [{"a_later_condition": 1}]}
    await filled(redis_server, {"donors": PEOPLE}, more={"hosts": later})
    console = SignedInConsole(redis_client, tmp_path, preview=counted)
    own = HOSTS.replace("digital", "field")
    assert (await sent(console, OF_FIELD, "/segments/define", {"text": own})).status_code == 403
    assert (await sent(console, OF_FIELD, "/segments/withdraw", {"segment": "hosts"})).status_code == 403
    assert (await sent(console, SENDER, "/segments/define", {"text": own})).status_code == 409  # it was not tried out


class Sent(HTMLParser):
    """What a browser would send of the form of rows as it stands, by no button."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.said: dict[str, str] = {}
        self._select = ""
        self._is_in = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._is_in = given.get("class") == "rows"
        if not self._is_in:
            return
        name, kind = given.get("name", ""), given.get("type", "")
        if tag == "input" and kind != "submit" and (kind != "checkbox" or "checked" in given):
            self.said[name] = given.get("value", "on" if kind == "checkbox" else "")
        elif tag == "select":
            self._select = name
        elif tag == "option" and ("selected" in given or self._select not in self.said):
            self.said[self._select] = given["value"]

    def handle_endtag(self, tag: str) -> None:
        self._is_in = self._is_in and tag != "form"


def text_of(page: str) -> str:
    """The text of the draft on a page."""
    return unescape(page.partition('class="draft"')[2].partition(">\n")[2].partition("</textarea>")[0])


@pytest.mark.parametrize("language", ["en", "fr"])
async def test_a_form_of_rows_is_sent_as_it_is_shown_without_scripts(
    console: SignedInConsole, language: Language
) -> None:
    """Of all ten segments of the docs at once: each is a page, and what comes of sending it says the same."""
    page = (Path(streams.__file__).parents[1] / "docs" / "segments.md").read_text(encoding="utf-8")
    ten = read_segments(page.partition("```toml\n")[2].partition("```")[0])
    assert not isinstance(ten, FileMistakes)
    viewer = Viewer("sophie", frozenset({"sending", "treasury"}), language=language)
    async with console.browser(viewer) as browser:
        for definition in ten:
            shown = await console.post(browser, "/segments/draft", text=definition_toml(definition))
            again = await console.post(browser, "/segments/draft", **Sent(shown.text).said)
            assert again.status_code == 200, again.text
            assert read_segments(text_of(again.text)) == [definition]
            assert 'class="number"' in again.text
    assert len(ten) == 10


FIFTY = {"by": "rows", "row-0-kind": "gifts", "row-0-gifts": "sum", "row-0-currency": "USD"} | {
    "row-0-compare1": "at_least",
    "row-0-number1": "50",
}
"""A row of the form, before the segment has a name."""


async def test_what_a_row_says_stands_in_words_before_anybody_is_counted(console: SignedInConsole) -> None:
    """By a button of its own, of a whole form; and where a row is added, of the rows that are filled in."""
    named = FIFTY | {"id": "givers", "owner": "digital", "do": "say"}
    said = (await sent(console, SENDER, "/segments/draft", named)).text
    added = (await sent(console, SENDER, "/segments/draft", FIFTY | {"do": "add:all", "kind": "tag"})).text
    for shown in (said, added):
        assert "at least $50.00" in shown
        assert 'class="number"' not in shown
    wrong = await sent(console, SENDER, "/segments/draft", named | {"row-0-number1": "fifty"})
    assert wrong.status_code == 422


@pytest.mark.parametrize("viewer", [SENDER, EXPEDITRICE])
async def test_a_new_row_about_gifts_has_the_currency_of_the_regime_in_every_language(
    console: SignedInConsole, viewer: Viewer
) -> None:
    added = await sent(console, viewer, "/segments/draft", {"by": "rows", "do": "add:all", "kind": "gifts"})
    assert Sent(added.text).said["row-0-currency"] == "USD"


async def test_what_rows_cannot_say_is_shown_as_text(console: SignedInConsole, redis_server: RedisServer) -> None:
    async with console.browser(SENDER) as browser:
        nested, flat = await browser.get("/segments/newcomers/edit"), await browser.get("/segments/donors/edit")
    assert "cannot be shown as rows" in nested.text
    assert 'class="rows"' not in nested.text
    assert Sent(flat.text).said["row-0-tag"] == "volunteer"


def of_hosts_who_gave(question: PreviewQuestion) -> SegmentPreview:
    """Eleven of thirty people are hosts and gave sixty dollars, all others sixty cents."""
    segments = asked_segments(question, channel_rules(default_policy()))
    assert not isinstance(segments, PreviewRefusal)
    people = [
        person(
            report(f"r{number}", tags_added=["host"] if number < 11 else []),
            gift(f"g{number}", 6_000 if number < 11 else 60),
            name=f"p{number}",
        )
        for number in range(30)
    ]
    members = tuple(sum(matches(each, one, NOON) for one in people) for each in segments)
    return put_together(question, {0: PreviewProgress(1, 30, 30, 30, members, is_done=True)}, 1)


async def test_a_sum_with_a_slip_shows_by_how_many_its_condition_lets_in_alone(
    redis_client: Redis, redis_server: RedisServer, tmp_path: Path
) -> None:
    """The number of the whole is the same for fifty dollars and for fifty cents, for others are no hosts."""
    await filled(redis_server, {"donors": PEOPLE})
    console = SignedInConsole(redis_client, tmp_path, preview=of_hosts_who_gave, audit=Written())
    found = {}
    for cents in (5_000, 50):
        given = f'{{ gifts = "sum", currency = "USD", at_least = {cents} }}'
        text = await draft(console, SENDER, HOSTS.replace("}]", f"}}, {given}]"))
        [whole] = re.findall(r'<th scope="row" class="id">hosts</th><td class="number" data-label="About">(\d+)<', text)
        parts = re.findall(r'depth-1">([^<]+)</td><td class="number" data-label="About">(\d+)<', text)
        found[cents] = whole, [number for _, number in parts]
        assert f"${cents / 100:.2f}" in parts[1][0]
    assert found == {5_000: ("10", ["10", "10"]), 50: ("10", ["10", "30"])}
