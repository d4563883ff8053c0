"""Action Network's API version 2, as https://actionnetwork.org/docs/v2 describes it, for people, tags and taggings."""

import re
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from tests.contract.vendors.vendor_server import Call, FastClock, NotAllowed, Reply, VendorServer, only, require

KEY = "an-key-of-a-group"
PAGE = 25
CALLS_A_SECOND = 4
_SPACE = UUID("c945d6fe-929e-11e3-a2e9-12313d316c29")


@dataclass
class Activist:
    """Somebody on the list; `address` None: known by a phone alone."""

    id: str
    address: str | None
    status: str = "subscribed"
    phone: str | None = None
    given_name: str = "Adalbert"


@dataclass
class Tag:
    name: str
    taggings: dict[str, str] = field(default_factory=dict)
    """Tagging -> person."""


def made_id(*of: str) -> str:
    return str(uuid5(_SPACE, "/".join(of)))


class ActionNetworkServer(VendorServer):
    """One group. `most_a_second`: refuses more calls in a second of the clock that it shares with whoever calls."""

    def __init__(self, clock: FastClock | None = None) -> None:
        super().__init__(clock)
        self.base = f"{self.url}/api/v2"
        self.people: dict[str, Activist] = {}
        self.tags: dict[str, Tag] = {}
        self._times: list[float] = []

    def add(self, address: str | None, **more: Any) -> Activist:
        person = Activist(made_id(address or more["phone"]), address, **more)
        self.people[person.id] = person
        return person

    def add_tag(self, name: str, *people: Activist) -> Tag:
        tag_id = made_id("tag", name)
        tag = self.tags.setdefault(tag_id, Tag(name))
        tag.taggings |= {made_id(tag_id, person.id): person.id for person in people}
        return tag

    def tagged(self, name: str) -> set[str | None]:
        """The addresses of those with a tag."""
        found = [tag for tag in self.tags.values() if tag.name == name]
        return {self.people[person].address for tag in found for person in tag.taggings.values()}

    def unsubscribed(self) -> set[str | None]:
        return {person.address for person in self.people.values() if person.status == "unsubscribed"}

    def answer(self, call: Call) -> Reply:
        if call.headers.get("osdi-api-token") != KEY:
            return Reply(403, {"error": "API Key invalid or not present"})
        self._count_call()
        path = call.path.removeprefix("/api/v2").rstrip("/")
        for pattern, methods in _ROUTES.items():
            if found := re.fullmatch(pattern, path):
                require(call.method in methods, "no such method there")
                require(
                    call.method == "GET" or call.headers.get("content-type", "application/json") == "application/json",
                    "no JSON",
                )
                reply: Reply = getattr(self, methods[call.method])(call, *found.groups())
                return reply
        raise NotAllowed("no such path")

    def _count_call(self) -> None:
        if self.clock is not None:
            now = self.clock.now()
            self._times = [at for at in self._times if at > now - 0.999] + [now]
            require(len(self._times) <= CALLS_A_SECOND, "more than four calls a second")

    def _people(self, call: Call) -> Reply:
        only(call.query, {"page", "per_page", "filter"}, "the query")
        return self._page(call, "people", [self._person_json(each) for each in self.people.values()])

    def _person(self, call: Call, id_: str) -> Reply:
        found = self.people.get(id_)
        return Reply(404, {"error": "not found"}) if found is None else Reply(200, self._person_json(found))

    def _change_person(self, call: Call, id_: str) -> Reply:
        if id_ not in self.people:
            return Reply(404, {"error": "not found"})
        only(call.body, {"email_addresses"}, "a person")
        if self.people[id_].address in self.refuses:
            return Reply(422, {"error": "cannot be changed"})
        [address] = call.body["email_addresses"]
        only(address, {"address", "status"}, "an address")
        require(address["status"] in ("subscribed", "unsubscribed"), "no status that may be given")
        self.people[id_].status = address["status"]
        return Reply(200, self._person_json(self.people[id_]))

    def _tags(self, call: Call) -> Reply:
        only(call.query, {"page", "per_page"}, "the query")
        return self._page(call, "tags", [self._tag_json(id_, tag) for id_, tag in self.tags.items()])

    def _make_tag(self, call: Call) -> Reply:
        only(call.body, {"name"}, "a tag")
        name = call.body["name"]
        require(all(tag.name != name for tag in self.tags.values()), "a second tag of this name")
        self.add_tag(name)
        id_ = made_id("tag", name)
        return Reply(200, self._tag_json(id_, self.tags[id_]))

    def _taggings(self, call: Call, tag_id: str) -> Reply:
        only(call.query, {"page", "per_page"}, "the query")
        rows = [self._tagging_json(tag_id, *each) for each in self._tag(tag_id).taggings.items()]
        return self._page(call, "taggings", rows, f"tags/{tag_id}/taggings")

    def _make_tagging(self, call: Call, tag_id: str) -> Reply:
        if tag_id not in self.tags:
            return Reply(404, {"error": "not found"})
        tag = self._tag(tag_id)
        only(call.body, {"_links", "identifiers"}, "a tagging")
        only(call.body["_links"], {"osdi:person"}, "_links")
        href = call.body["_links"]["osdi:person"]["href"]
        require(href.startswith(f"{self.base}/people/"), "no link to a person")
        person = href.rpartition("/")[2]
        if person not in self.people:
            return Reply(404, {"error": "not found"})
        if self.people[person].address in self.refuses:
            return Reply(422, {"error": "cannot be tagged"})
        tagging = made_id(tag_id, person)
        tag.taggings[tagging] = person
        return Reply(200, self._tagging_json(tag_id, tagging, person))

    def _delete_tagging(self, call: Call, tag_id: str, tagging: str) -> Reply:
        require(call.body is None, "a body")
        if tag_id not in self.tags or self._tag(tag_id).taggings.pop(tagging, None) is None:
            return Reply(404, {"error": "not found"})
        return Reply(200, {"notice": "This tagging was successfully deleted"})

    def _tag(self, tag_id: str) -> Tag:
        require(tag_id in self.tags, "no such tag")
        return self.tags[tag_id]

    def _page(self, call: Call, kind: str, rows: list[dict[str, Any]], path: str | None = None) -> Reply:
        """A page; one that has somebody names a next one, which may be empty."""
        number, size = int(call.query.get("page", "1")), int(call.query.get("per_page", PAGE))
        require(1 <= size <= PAGE and number >= 1, "no such page")
        found = rows[(number - 1) * size : number * size]
        at = f"{self.base}/{path or kind}"
        links: dict[str, Any] = {"self": {"href": f"{at}?page={number}"}}
        links[f"osdi:{kind}"] = [each["_links"]["self"] for each in found]
        if found:
            links["next"] = {"href": f"{at}?page={number + 1}"}
        body = {"per_page": size, "page": number, "_links": links, "_embedded": {f"osdi:{kind}": found}}
        return Reply(200, body)

    def _person_json(self, person: Activist) -> dict[str, Any]:
        said: dict[str, Any] = {
            "given_name": person.given_name,
            "identifiers": [f"action_network:{person.id}"],
            "_links": {"self": {"href": f"{self.base}/people/{person.id}"}},
            "email_addresses": [],
        }
        if person.address is not None:
            said["email_addresses"] = [{"primary": True, "address": person.address, "status": person.status}]
        if person.phone is not None:
            said["phone_numbers"] = [{"primary": True, "number": person.phone, "status": "subscribed"}]
        return said

    def _tag_json(self, id_: str, tag: Tag) -> dict[str, Any]:
        links = {
            "self": {"href": f"{self.base}/tags/{id_}"},
            "osdi:taggings": {"href": f"{self.base}/tags/{id_}/taggings"},
        }
        return {"name": tag.name, "identifiers": [f"action_network:{id_}"], "_links": links}

    def _tagging_json(self, tag_id: str, id_: str, person: str) -> dict[str, Any]:
        links = {
            "self": {"href": f"{self.base}/tags/{tag_id}/taggings/{id_}"},
            "osdi:tag": {"href": f"{self.base}/tags/{tag_id}"},
            "osdi:person": {"href": f"{self.base}/people/{person}"},
        }
        return {"identifiers": [f"action_network:{id_}"], "item_type": "osdi:person", "_links": links}


_ID = "([0-9a-f-]{36})"
_ROUTES = {
    "/people": {"GET": "_people"},
    f"/people/{_ID}": {"GET": "_person", "PUT": "_change_person"},
    "/tags": {"GET": "_tags", "POST": "_make_tag"},
    f"/tags/{_ID}/taggings": {"GET": "_taggings", "POST": "_make_tagging"},
    f"/tags/{_ID}/taggings/{_ID}": {"DELETE": "_delete_tagging"},
}
