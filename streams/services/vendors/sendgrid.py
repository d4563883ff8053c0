"""SendGrid: marketing contacts, lists, and global suppressions, by its Web API version 3.

https://www.twilio.com/docs/sendgrid/api-reference: contacts are told by an export, for pages of them are no longer
given. A tag is a list. Contacts are added to a list by a job that runs later, whose end is waited for. An address is
needed to change anything, so contacts are asked for by id just before, and who has another address by then is left out.
"""

from collections.abc import AsyncIterator, Sequence
from urllib.parse import urlencode

from events.adapters.values import object_at, objects_in, text_of
from events.identifiers import Hasher, ref_of
from events.json_types import JSON
from streams.domain.vendors.reconciling import ListedPerson
from streams.services.vendors.export_rows import export_rows
from streams.services.vendors.vendor import DueChange, HeldPage, Made, PeoplePage
from streams.services.vendors.vendor_http import VendorApi, VendorCall, VendorHttp, VendorSilent, VendorTrouble

URL = "https://api.sendgrid.com"
SETTING = "HARMONIA_SENDGRID_KEY"
SPACING_S = 0.1
SUPPRESSIONS_AT_ONCE = 500
ROWS_AT_ONCE = 1_000
LISTS_AT_ONCE = 1_000
POLL_S = 5.0
LONGEST_JOB_S = 3_600.0
_SYSTEM = "sendgrid"
_NEW_LIST_TRIES = 3
_NOT_TAKEN = 400
_GONE = 404
_IDENTIFIERS = ("email", "phone_number_id", "external_id", "anonymous_id")
"""All of a contact's have to be named where it is changed."""


def sendgrid_api(base: str, key: str) -> VendorApi:
    """How the API is called with an account's key."""
    return VendorApi("SendGrid", base, {"Authorization": f"Bearer {key}"}, SETTING, SPACING_S)


class SendGrid:
    """The contacts of one account. `tag`: the name of the list that is brought in line; None: suppressions are."""

    title = "SendGrid"
    at_once = 100

    def __init__(self, http: VendorHttp, hasher: Hasher, tag: str | None) -> None:
        self._http = http
        self._hasher = hasher
        self._tag = tag
        self._list_id: str | None = None

    async def held(self, after: str | None) -> AsyncIterator[HeldPage]:
        """Suppressed addresses, as keyed hashes; or ids of the contacts on the list."""
        if self._tag is None:
            async for page in self._suppressed(int(after or 0)):
                yield page
        elif (list_id := await self._find_list()) is not None:
            async for rows in self._exported({"list_ids": [list_id]}):
                yield HeldPage([(id_, id_) for id_, _ in rows], None)

    async def people(self, after: str | None) -> AsyncIterator[PeoplePage]:
        """All contacts."""
        async for rows in self._exported({}):
            yield PeoplePage([self._listed(id_, address) for id_, address in rows], None)

    async def one(self, key: str) -> PeoplePage | None:
        """Nobody: a contact who is on the list and in no export has been deleted."""
        return None

    async def add(self, due: Sequence[DueChange]) -> Made:
        """Suppress addresses for all mail, or put contacts on the list."""
        found = await self._as_read(due)
        made = await self._added(found) if found else 0
        return Made(made, len(found) - made)

    async def remove(self, due: Sequence[DueChange]) -> Made:
        """Take contacts off the list; they stay contacts. One that is gone is not named: nobody would be taken off."""
        list_id = await self._made_list()
        contacts = await self._contacts(due)
        ids = [id_ for id_, each in contacts.items() if list_id in _texts(each.get("list_ids"))]
        if ids:
            path = f"/v3/marketing/lists/{list_id}/contacts?{urlencode({'contact_ids': ','.join(ids)}, safe=',')}"
            await self._http.call(VendorCall("DELETE", "lists", path), 200, 202, 204)
        return Made(len(ids))

    async def _added(self, contacts: Sequence[dict[str, JSON]]) -> int:
        """How many of them were taken; each by itself where one among them has all refused."""
        if self._tag is None:
            addresses: JSON = {"recipient_emails": [each["email"] for each in contacts]}
            asked = VendorCall("POST", "global suppressions", "/v3/asm/suppressions/global", addresses)
        else:
            asked = VendorCall("PUT", "contacts", "/v3/marketing/contacts", await self._placing(contacts))
        answer = await self._http.call(asked, 200, 201, 202, _NOT_TAKEN)
        job = text_of(answer.object().get("job_id"))
        errors = None if answer.status == _NOT_TAKEN else await self._errors_of(job)
        if errors is None:
            return sum([await self._added([each]) for each in contacts]) if len(contacts) > 1 else 0
        return len(contacts) - errors

    async def _placing(self, contacts: Sequence[dict[str, JSON]]) -> JSON:
        named: list[JSON] = [{name: each[name] for name in _IDENTIFIERS if each.get(name)} for each in contacts]
        return {"list_ids": [await self._made_list()], "contacts": named}

    def _listed(self, id_: str, address: str) -> ListedPerson:
        key = self._key(address) if self._tag is None else id_
        names = tuple(self._hasher.lookups("email", address))
        return ListedPerson(id_, key, (names,) if names else (), tuple(map(ref_of, names)))

    def _key(self, address: str) -> str:
        """A keyed hash of an address as the vendor compares it: Gmail's dots and tags make another one."""
        return self._hasher.external(_SYSTEM, address.strip().lower())

    async def _suppressed(self, start: int) -> AsyncIterator[HeldPage]:
        while True:
            asked = urlencode({"limit": SUPPRESSIONS_AT_ONCE, "offset": start})
            answer = await self._http.get("suppressions", f"/v3/suppression/unsubscribes?{asked}")
            rows = objects_in(self._list("suppressions", answer.body))
            start += len(rows)
            addresses = [address for each in rows if (address := text_of(each.get("email")))]
            yield HeldPage([(self._key(address), "") for address in addresses], str(start))
            if len(rows) < SUPPRESSIONS_AT_ONCE:
                return

    async def _exported(self, which: dict[str, JSON]) -> AsyncIterator[list[tuple[str, str]]]:
        """Id and address of contacts, as an export has them."""
        path = "/v3/marketing/contacts/exports"
        body: JSON = {**which, "file_type": "csv", "notifications": {"email": False}}
        made = await self._http.call(VendorCall("POST", "exports", path, body), 200, 202)
        job = await self._wait_for("exports", f"{path}/{text_of(made.object().get('id'))}")
        if job.get("status") != "ready":
            raise VendorTrouble(f"{self.title}: exports: the export has failed; run it again")
        urls = self._list("exports", job.get("urls"))
        if not urls:
            raise self._unlike("exports", "the export is ready and has no file")
        for url in urls:
            async with self._http.download("exports", str(url)) as answer:
                async for rows in export_rows(answer.content.iter_any(), ROWS_AT_ONCE):
                    yield rows

    async def _errors_of(self, job: str | None) -> int | None:
        """How many of the contacts of a job, whose end is waited for, were not taken; None: all of it failed."""
        if job is None:
            return 0
        done = await self._wait_for("imports", f"/v3/marketing/contacts/imports/{job}")
        if done.get("status") == "completed":
            return 0
        errors = object_at(done, "results").get("errored_count")
        return errors if isinstance(errors, int) and errors > 0 else None

    async def _wait_for(self, what: str, path: str) -> dict[str, JSON]:
        """What is said of a job once it has ended."""
        until = self._http.clock.now() + LONGEST_JOB_S
        while (job := (await self._http.get(what, path)).object()).get("status") == "pending":
            if self._http.clock.now() > until:
                raise VendorTrouble(f"{self.title}: {what}: a job has not ended in an hour; run it again later")
            await self._http.clock.sleep(POLL_S)
        return job

    async def _contacts(self, due: Sequence[DueChange]) -> dict[str, dict[str, JSON]]:
        """The contacts by id; who is no more is left out."""
        body: JSON = {"ids": [each.person.id for each in due]}
        answer = await self._http.call(VendorCall("POST", "contacts", "/v3/marketing/contacts/batch", body), 200, _GONE)
        found = [] if answer.status == _GONE else objects_in(self._list("contacts", answer.object().get("result")))
        return {id_: each for each in found if (id_ := text_of(each.get("id")))}

    async def _as_read(self, due: Sequence[DueChange]) -> list[dict[str, JSON]]:
        """The contacts who still have the address by which they were judged."""
        contacts, found = await self._contacts(due), []
        for person, _ in due:
            each = contacts.get(person.id, {})
            address = text_of(each.get("email"))
            if address is not None and self._listed(person.id, address) == person:
                found.append(each)
        return found

    async def _find_list(self) -> str | None:
        """The id of the list; None: there is none of this name."""
        path: str | None = f"/v3/marketing/lists?page_size={LISTS_AT_ONCE}"
        asked: set[str] = set()
        while path is not None and self._list_id is None:
            if path in asked:
                raise self._unlike("lists", "its pages do not end")
            asked.add(path)
            page = (await self._http.get("lists", path)).object()
            for each in objects_in(self._list("lists", page.get("result"))):
                if each.get("name") == self._tag:
                    self._list_id = text_of(each.get("id"))
            path = text_of(object_at(page, "_metadata").get("next"))
        return self._list_id

    async def _made_list(self) -> str:
        """The id of the list, which is made where there is none; looked for again where no answer came."""
        for _ in range(_NEW_LIST_TRIES):
            if (found := await self._find_list()) is not None:
                return found
            asked = VendorCall("POST", "lists", "/v3/marketing/lists", {"name": self._tag}, tries=1)
            try:
                made = await self._http.call(asked, 200, 201)
            except VendorSilent:
                continue
            if made.object().get("name") != self._tag:
                raise self._unlike("lists", f"was to make the list {self._tag} and tells of another one")
            self._list_id = text_of(made.object().get("id"))
        if self._list_id is None:
            raise VendorTrouble(f"{self.title}: lists: the list {self._tag} cannot be made; make it there by hand")
        return self._list_id

    def _list(self, what: str, found: JSON) -> list[JSON]:
        """A list that an answer has to have: without it the rest of the people would look as if there were none."""
        if not isinstance(found, list):
            raise self._unlike(what, "an answer has no list of them")
        return found

    def _unlike(self, what: str, how: str) -> VendorTrouble:
        return VendorTrouble(f"{self.title}: {what}: {how}; run it again later, and see that its URL is right")


def _texts(value: JSON) -> Sequence[JSON]:
    return value if isinstance(value, list) else ()
