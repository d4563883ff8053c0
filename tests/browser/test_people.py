"""Finding somebody, and what is shown of them to whom."""

import orjson

from events.json_types import JSON
from sinks.keys import identity_key
from tests.browser.conftest import Readers
from tests.browser.console_site import ConsoleSite
from tests.browser.reader import PHONE
from tests.integration.said import event, fresh, structured
from tests.integration.system import state_of
from tests.integration.waiting import until


def test_somebody_is_found_by_an_address_that_goes_into_no_url_and_no_record(
    reader: Readers, site: ConsoleSite
) -> None:
    one, before = site.people["ohio"], site.views_of("ada")
    ada = reader("ada")
    asked: list[str] = []
    ada.page.on("request", lambda request: asked.append(request.url))
    ada.find(one.email)
    assert ada.page.url == f"{site.url}/people/{one.contact_id}"
    assert not [url for url in asked if "@" in url or "%40" in url or one.email.partition("@")[0] in url]
    views = [view for view in site.views_of("ada") if view not in before]
    seen = {"contact_id": one.contact_id, "decision": None, "reason": "found"}
    assert views
    assert all((view["reason"], view["answers"]) == ("called", [seen]) for view in views)
    assert one.email.partition("@")[0].encode() not in orjson.dumps(views)


def test_the_profile_shows_what_the_state_says_and_an_answer_for_each_channel(
    reader: Readers, site: ConsoleSite
) -> None:
    one = site.people["ohio"]
    ada = reader("ada", PHONE)
    ada.find(one.email)
    state = state_of(site.system, one.contact_id)
    assert state is not None
    assert orjson.loads(state)["donations"]["net"] == {"USD": 2_912_350}
    assert "$29,123.50" in ada.page.inner_text("#body-known")
    assert ada.page.locator(".answer .channel").all_inner_texts() == ["E-mail", "Text", "Phone", "Door", "Letter"]
    assert ada.page.locator(".answer .verdict").count() == 5
    ada.page.get_by_role("button", name="Transaction").click()
    ada.page.wait_for_url("**/people/*?purpose=transactional")
    assert ada.page.get_by_role("button", name="Transaction").get_attribute("aria-pressed") == "true"


def test_a_field_organiser_of_ohio_sees_no_gifts_and_nobody_of_pennsylvania(reader: Readers, site: ConsoleSite) -> None:
    finn = reader("finn")
    finn.find(site.people["ohio"].email)
    assert finn.page.locator("#body-known").is_visible()
    assert "29,123" not in finn.page.content()
    finn.expected.add(404)
    outside = site.people["pennsylvania"]
    finn.find(outside.email)
    assert "Nobody is known by this" in finn.page.inner_text("main")
    by_email = finn.page.content()
    finn.find("nobody-at-all@example.org")
    assert finn.page.inner_text("main .note") in by_email
    assert finn.open(f"/people/{outside.contact_id}") == 404
    unknown = finn.open("/people/van.404404")
    assert unknown == 404
    seen = [(answer["contact_id"], answer["reason"]) for view in site.views_of("finn") for answer in view["answers"]]  # type: ignore[index, call-overload, union-attr]
    assert seen.count((outside.contact_id, "outside")) == 2


def test_no_profile_is_shown_before_a_reason_is_given_in_the_session(reader: Readers, site: ConsoleSite) -> None:
    one = site.people["ohio"]
    zoe = reader("zoe")
    zoe.open(f"/people/{one.contact_id}")
    assert zoe.page.url == f"{site.url}/people?for={one.contact_id}"
    zoe.page.select_option("#reason", "rights")
    zoe.page.click("main button.primary")
    zoe.page.wait_for_url(f"**/people/{one.contact_id}")
    assert "29\u202f123,50\u00a0$US" in zoe.page.inner_text("#body-known")
    zoe.open("/people")
    assert zoe.page.input_value("#reason") == "rights"


def test_an_id_without_its_kind_is_found_and_said_to_be_what_it_was_taken_for(
    reader: Readers, site: ConsoleSite
) -> None:
    one, number = site.people["ohio"], fresh()
    known_by: dict[str, JSON] = {"email": one.email, "external": {"van": number}}
    value, headers = structured(event("email.delivered", known_by, message_id=number))
    site.system.deployment.producer.send("email-events", value=value, headers=headers).get(30)
    [hashed] = site.system.deployment.hasher.lookups("external", f"van:{number}")
    until(lambda: site.system.deployment.redis.get(identity_key(hashed)), "the id in Redis")
    ada = reader("ada")
    ada.find(f"van:{number}")
    assert ada.page.url.endswith("?by=external")
    assert "was taken for an id of another system" in ada.page.inner_text("main")
    assert number not in ada.page.url
    ada.find(f"external:van:{number}")
    assert "?" not in ada.page.url
