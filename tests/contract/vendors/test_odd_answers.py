"""Answers that no description of the vendor's API tells of: they end a run, and nobody is taken for gone."""

from typing import Any

import pytest
from redis import Redis

from sinks.keys import contact_key
from streams.services.vendors.vendor_http import VendorTrouble
from tests.contract.api.desk import HASHER
from tests.contract.redis_server import RedisServer
from tests.contract.vendors.bench import TAG, Bench
from tests.contract.vendors.people import BELONGING, SEGMENT
from tests.contract.vendors.vendor_server import Call, Reply

ODD: list[Any] = [None, {}, [], {"error": "try again"}]


def once(bench: Bench, *ends: str, body: Any) -> None:
    """Answer the first call whose path ends so, its query with it, by something else."""
    replied: list[int] = []

    def reply(call: Call) -> None:
        said = f"{call.path}?page={call.query.get('page', 1)}"
        if not replied and any(end in said for end in ends):
            replied.append(len(bench.server.calls) + 1)
            bench.server.faults[replied[0]] = Reply(200, body)

    bench.server.before = reply


@pytest.mark.parametrize("body", ODD)
@pytest.mark.parametrize("path", ["/people?page=2", "/taggings?page=2", "/tags?page=1"])
def test_a_page_without_its_list_is_not_the_last_one(network: Bench, path: str, body: Any) -> None:
    network.tag(TAG, *BELONGING)
    once(network, path, body=body)
    what = path.partition("?")[0].strip("/")
    with pytest.raises(VendorTrouble, match=f"Action Network: {what}: a page has no list of them; run it again later"):
        network.run(SEGMENT)
    assert network.written() == []


@pytest.mark.parametrize("body", [None, {}, {"error": "try again"}])
@pytest.mark.parametrize(
    ("segment", "path", "what"),
    [
        (None, "/unsubscribes?", "suppressions"),
        (SEGMENT, "/lists?", "lists"),
        (None, "/contacts/batch?", "contacts"),
    ],
)
def test_an_answer_of_sendgrid_without_its_list_is_not_an_empty_one(
    sendgrid: Bench, segment: str | None, path: str, what: str, body: Any
) -> None:
    once(sendgrid, path, body=body)
    with pytest.raises(VendorTrouble, match=f"SendGrid: {what}: an answer has no list of them"):
        sendgrid.run(segment)
    assert sendgrid.written() == []


@pytest.mark.parametrize("urls", [None, [], {}])
def test_an_export_without_files_is_not_nobody(sendgrid: Bench, urls: Any) -> None:
    once(sendgrid, "/contacts/exports/", body={"status": "ready", "urls": urls})
    with pytest.raises(VendorTrouble, match=r"SendGrid: exports: (an answer|the export is ready and) has no "):
        sendgrid.run()


def test_a_contact_with_which_a_job_fails_holds_up_no_other(sendgrid: Bench) -> None:
    sendgrid.grid.spoils = "member7@example.org"
    result = sendgrid.run(SEGMENT)
    assert (result.not_taken, sendgrid.tagged()) == (1, BELONGING - {"member7@example.org"})


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_tag_that_is_deleted_there_meanwhile_is_told(network: Bench, method: str) -> None:
    network.tag(TAG, *([*BELONGING, "olaf@example.org"] if method == "DELETE" else []))

    def delete(call: Call) -> None:
        if call.method == method and "/taggings" in call.path:
            network.network.tags.clear()

    network.server.before = delete
    with pytest.raises(VendorTrouble, match=f"tags: the tag {TAG} was deleted there meanwhile; run it again"):
        network.run(SEGMENT)


def test_pages_that_go_round_are_told(network: Bench) -> None:
    at = f"{network.base}/people"
    people = [{"identifiers": ["action_network:1"]}]
    for number in range(2, 40):
        link = {"next": {"href": f"{at}?page={3 - number % 2}"}}
        network.server.faults[number] = Reply(200, {"_embedded": {"osdi:people": people}, "_links": link})
    with pytest.raises(VendorTrouble, match="people: its pages do not end; run it again later"):
        network.run()
    assert len(network.server.calls) == 3


def test_somebody_who_is_asked_for_and_does_not_answer_ends_the_run(network: Bench) -> None:
    stranger = network.network.add("stranger@example.org")
    network.tag(TAG, *BELONGING, "stranger@example.org")
    del network.network.people[stranger.id]
    once(network, f"/people/{stranger.id}", body={})
    with pytest.raises(VendorTrouble, match="somebody was asked for, and nobody answered"):
        network.run(SEGMENT)


@pytest.mark.parametrize("name", ["Volunteers", TAG.upper(), None])
def test_a_tag_of_another_name_than_was_to_be_made_is_given_to_nobody(bench: Bench, name: str | None) -> None:
    foreign = "00000000-0000-4000-8000-000000000000"
    replied: list[int] = []

    def reply(call: Call) -> None:
        if call.method == "POST" and call.path.rpartition("/")[2] in ("tags", "lists") and not replied:
            replied.append(len(bench.server.calls) + 1)
            body = {"name": name, "id": foreign, "identifiers": [f"action_network:{foreign}"]}
            bench.server.faults[replied[0]] = Reply(201, body)

    bench.server.before = reply
    with pytest.raises(VendorTrouble, match=f"was to make the (tag|list) {TAG} and tells of another one"):
        bench.run(SEGMENT)
    assert len(bench.written()) == 1


def test_whoever_goes_by_two_ids_there_loses_the_tag_by_either(network: Bench) -> None:
    merged = network.network.add("olaf@example.org")
    network.tag(TAG, *BELONGING, "olaf@example.org")
    other = "00000000-0000-4000-8000-000000000001"
    [tag] = network.network.tags.values()
    network.network.people[other] = network.network.people.pop(merged.id)
    tag.taggings = {tagging: other if who == merged.id else who for tagging, who in tag.taggings.items()}

    result = network.run(SEGMENT)
    assert (result.made["remove"], network.tagged()) == (1, BELONGING)


def test_whoever_is_closed_by_id_or_phone_loses_the_tag_without_an_address(
    network: Bench, redis_server: RedisServer
) -> None:
    closed, open_ = network.network.add(None, phone="+12025550123"), network.network.add("no address", phone="1")
    network.network.add_tag(TAG, closed, open_)
    network.tag(TAG, *BELONGING)
    [hashed] = HASHER.lookups("phone", "+12025550123")
    with Redis(port=redis_server.port) as client:
        client.hset(contact_key(hashed), "erased", "1")
        try:
            result = network.run(SEGMENT)
        finally:
            client.delete(contact_key(hashed))
    told = {each.reason for each in result.outcomes if each.act == "remove"}
    assert (told, network.tagged()) == ({"erased"}, BELONGING | {"no address"})
