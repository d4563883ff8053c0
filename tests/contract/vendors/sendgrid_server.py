"""SendGrid's Web API version 3, as its OpenAPI documents describe it, for contacts, lists and global suppressions."""

import csv
import gzip
import io
import re
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from tests.contract.vendors.vendor_server import Call, FastClock, NotAllowed, Reply, VendorServer, only, require

KEY = "SG.key-of-an-account"
_SPACE = UUID("199abb98-0af3-4a8d-b371-6811ff85d062")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_IDENTIFIERS = {"email", "phone_number_id", "external_id", "anonymous_id"}


@dataclass
class MarketingContact:
    id: str
    email: str
    external_id: str = ""
    lists: set[str] = field(default_factory=set)


def made_id(*of: str) -> str:
    return str(uuid5(_SPACE, "/".join(of)))


class SendGridServer(VendorServer):
    """One account. Exports are ready, and changes of contacts done, once they were asked about `pending` times."""

    pending = 1
    spoils = ""
    """An address with which a job of changes fails as a whole."""

    def __init__(self, clock: FastClock | None = None) -> None:
        super().__init__(clock)
        self.base = self.url
        self.contacts: dict[str, MarketingContact] = {}
        self.lists: dict[str, str] = {}
        self.suppressions: list[str] = []
        self._exports: dict[str, tuple[list[str], int]] = {}
        self._imports: dict[str, tuple[dict[str, Any], int]] = {}

    def add(self, address: str, **more: Any) -> MarketingContact:
        contact = MarketingContact(made_id(address), address, **more)
        self.contacts[contact.id] = contact
        return contact

    def add_list(self, name: str, *contacts: MarketingContact) -> str:
        list_id = made_id("list", name)
        self.lists[list_id] = name
        for contact in contacts:
            contact.lists.add(list_id)
        return list_id

    def listed(self, name: str) -> set[str]:
        """The addresses of those on a list."""
        ids = {id_ for id_, each in self.lists.items() if each == name}
        return {contact.email for contact in self.contacts.values() if contact.lists & ids}

    def is_write(self, call: Call) -> bool:
        reads = ("/v3/marketing/contacts/exports", "/v3/marketing/contacts/batch")
        return call.method != "GET" and call.path not in reads

    def answer(self, call: Call) -> Reply:
        if call.path.startswith("/files/"):
            require("authorization" not in call.headers, "the key was given to the store of files")
            return Reply(200, self._file(call.path.removeprefix("/files/")))
        if call.headers.get("authorization") != f"Bearer {KEY}":
            return Reply(401, {"errors": [{"message": "authorization required"}]})
        for pattern, methods in _ROUTES.items():
            if found := re.fullmatch(pattern, call.path):
                require(call.method in methods, "no such method there")
                reply: Reply = getattr(self, methods[call.method])(call, *found.groups())
                return reply
        raise NotAllowed("no such path")

    def _unsubscribes(self, call: Call) -> Reply:
        only(call.query, {"limit", "offset", "start_time", "end_time", "email"}, "the query")
        limit, offset = int(call.query.get("limit", "500")), int(call.query.get("offset", "0"))
        require(1 <= limit <= 500, "limit is 500 at most")
        rows = [{"created": 1, "email": address} for address in self.suppressions[offset : offset + limit]]
        return Reply(200, rows)

    def _suppress(self, call: Call) -> Reply:
        only(call.body, {"recipient_emails"}, "the body")
        addresses = call.body["recipient_emails"]
        require(bool(addresses) and all(map(_ADDRESS.fullmatch, addresses)), "no addresses")
        if self.refuses & {*addresses}:
            return Reply(400, {"errors": [{"message": "invalid address"}]})
        self.suppressions += [address for address in addresses if address not in self.suppressions]
        return Reply(201, {"recipient_emails": addresses})

    def _export(self, call: Call) -> Reply:
        only(call.body, {"list_ids", "segment_ids", "notifications", "file_type", "max_file_size"}, "the body")
        require(call.body["file_type"] in ("csv", "json"), "no such type of file")
        require({*call.body.get("list_ids", ())} <= {*self.lists}, "no such list")
        id_ = made_id("export", str(len(self._exports)))
        self._exports[id_] = (call.body.get("list_ids", []), 0)
        return Reply(202, {"_metadata": {"self": f"{self.url}/v3/marketing/contacts/exports/{id_}"}, "id": id_})

    def _export_status(self, call: Call, id_: str) -> Reply:
        require(id_ in self._exports, "no such export")
        lists, asked = self._exports[id_]
        self._exports[id_] = (lists, asked + 1)
        said: dict[str, Any] = {"id": id_, "status": "pending"}
        if asked >= self.pending:
            said |= {"status": "ready", "urls": [f"{self.url}/files/{id_}"]}
        return Reply(200, said)

    def _file(self, id_: str) -> bytes:
        lists, _ = self._exports[id_]
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(["EMAIL", "FIRST_NAME", "ADDRESS_LINE_1", "CONTACT_ID"])
        for each in self.contacts.values():
            if not lists or each.lists & {*lists}:
                writer.writerow([each.email, 'Ada "Al"', "Elm Street 1\nupstairs", each.id])
        return gzip.compress(out.getvalue().encode())

    def _batch(self, call: Call) -> Reply:
        only(call.body, {"ids"}, "the body")
        ids = call.body["ids"]
        require(1 <= len(ids) <= 100, "100 ids at most")
        found = [self.contacts[id_] for id_ in ids if id_ in self.contacts]
        return Reply(200, {"result": list(map(_contact_json, found))}) if found else Reply(404, {})

    def _put(self, call: Call) -> Reply:
        only(call.body, {"list_ids", "contacts"}, "the body")
        require({*call.body.get("list_ids", ())} <= {*self.lists}, "no such list")
        require(1 <= len(call.body["contacts"]) <= 30_000, "no contacts, or too many")
        for contact in call.body["contacts"]:
            only(contact, _IDENTIFIERS, "a contact")
        id_ = made_id("import", str(len(self._imports)))
        self._imports[id_] = (call.body, 0)
        return Reply(202, {"job_id": id_})

    def _import_status(self, call: Call, id_: str) -> Reply:
        require(id_ in self._imports, "no such job")
        body, asked = self._imports[id_]
        self._imports[id_] = (body, asked + 1)
        if asked < self.pending:
            return Reply(200, {"id": id_, "status": "pending", "job_type": "upsert"})
        if any(told.get("email") == self.spoils for told in body["contacts"]):
            return Reply(200, {"id": id_, "status": "failed"})
        wrong = 0
        for told in body["contacts"]:
            contact = next((each for each in self.contacts.values() if each.email == told.get("email")), None)
            if (
                contact is None
                or contact.email in self.refuses
                or (told.get("external_id") or "") != contact.external_id
            ):
                wrong += 1  # every identifier that there is has to be named
            else:
                contact.lists |= {*body["list_ids"]}
        status = "errored" if wrong else "completed"
        return Reply(200, {"id": id_, "status": status, "results": {"errored_count": wrong}})

    def _lists(self, call: Call) -> Reply:
        only(call.query, {"page_size", "page_token"}, "the query")
        size, start = int(call.query.get("page_size", "100")), int(call.query.get("page_token") or 0)
        require(1 <= size <= 1000, "1000 at most")
        rows = [{"id": id_, "name": name, "contact_count": 0} for id_, name in self.lists.items()]
        about: dict[str, Any] = {"self": f"{self.url}/v3/marketing/lists"}
        if start + size < len(rows):
            about["next"] = f"{self.url}/v3/marketing/lists?page_size={size}&page_token={start + size}"
        return Reply(200, {"result": rows[start : start + size], "_metadata": about})

    def _make_list(self, call: Call) -> Reply:
        only(call.body, {"name"}, "the body")
        name = call.body["name"]
        require(1 <= len(name) <= 100, "a name of 1 to 100 signs")
        if name in self.lists.values():
            return Reply(400, {"errors": [{"field": "name", "message": "already in use"}]})
        return Reply(201, {"id": self.add_list(name), "name": name, "contact_count": 0})

    def _take_off(self, call: Call, list_id: str) -> Reply:
        require(list_id in self.lists, "no such list")
        only(call.query, {"contact_ids"}, "the query")
        ids = call.query["contact_ids"].split(",")
        if not {*ids} <= {*self.contacts}:
            return Reply(404)
        for id_ in ids:
            self.contacts[id_].lists.discard(list_id)
        return Reply(202, {"job_id": made_id("removal", list_id)})


def _contact_json(contact: MarketingContact) -> dict[str, Any]:
    said = {"id": contact.id, "email": contact.email, "external_id": contact.external_id, "first_name": "Ada"}
    return {**said, "phone_number_id": "", "list_ids": sorted(contact.lists), "segment_ids": [], "alternate_emails": []}


_ID = "([0-9a-f-]{36})"
_CONTACTS = "/v3/marketing/contacts"
_ROUTES = {
    "/v3/suppression/unsubscribes": {"GET": "_unsubscribes"},
    "/v3/asm/suppressions/global": {"POST": "_suppress"},
    f"{_CONTACTS}/exports": {"POST": "_export"},
    f"{_CONTACTS}/exports/{_ID}": {"GET": "_export_status"},
    f"{_CONTACTS}/batch": {"POST": "_batch"},
    _CONTACTS: {"PUT": "_put"},
    f"{_CONTACTS}/imports/{_ID}": {"GET": "_import_status"},
    "/v3/marketing/lists": {"GET": "_lists", "POST": "_make_list"},
    f"/v3/marketing/lists/{_ID}/contacts": {"DELETE": "_take_off"},
}
