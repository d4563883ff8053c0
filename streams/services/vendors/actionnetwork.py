"""Action Network: people of a group's list, their e-mail status, and taggings, by its API version 2 (OSDI, HAL+JSON).

https://actionnetwork.org/docs/v2: pages of 25, which end with an empty one; four calls a second. People are in no order
that is promised, so one may be told twice or not at all while the list changes. Only who is subscribed is mailed.
"""

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import NamedTuple

from events.adapters import osdi
from events.adapters.actionnetwork import SYSTEM
from events.adapters.values import object_at, objects_in, text_of
from events.identifiers import Hasher, ref_of
from events.json_types import JSON
from streams.domain.vendors.reconciling import ListedPerson
from streams.services.vendors.vendor import DueChange, HeldPage, Made, PeoplePage
from streams.services.vendors.vendor_http import (
    VendorAnswer,
    VendorApi,
    VendorCall,
    VendorHttp,
    VendorSilent,
    VendorTrouble,
)

URL = "https://actionnetwork.org/api/v2"
SETTING = "HARMONIA_ACTIONNETWORK_KEY"
CALLS_A_SECOND = 4
_OWN = "action_network"
_SUBSCRIBED = "subscribed"
_NEW_TAG_TRIES = 3
_GONE = 404
_NOT_TAKEN = (400, 409, 422)
"""Answers about one person, which are none about the others."""
_is_id = re.compile(r"[A-Za-z0-9_-]{1,64}").fullmatch


def actionnetwork_api(base: str, key: str) -> VendorApi:
    """How the API is called with a group's key."""
    return VendorApi("Action Network", base, {"OSDI-API-Token": key}, SETTING, 1 / CALLS_A_SECOND)


class _Page(NamedTuple):
    """Things of one page, and the link to the next one; None: it is the last."""

    rows: Sequence[dict[str, JSON]]
    after: str | None


class ActionNetwork:
    """The list of one group. `tag`: the tag that is brought in line; None: suppressions are."""

    title = "Action Network"
    at_once = 25

    def __init__(self, http: VendorHttp, hasher: Hasher, tag: str | None) -> None:
        self._http = http
        self._hasher = hasher
        self._tag = tag
        self._tag_id: str | None = None

    async def held(self, after: str | None) -> AsyncIterator[HeldPage]:
        """Who has the tag, with the id of the tagging."""
        if self._tag is None or (tag_id := await self._find_tag()) is None:
            return
        async for page in self._pages("taggings", after or f"/tags/{tag_id}/taggings"):
            found = ((osdi.linked(each, "osdi:person"), _id_of(each)) for each in page.rows)
            entries = [(person, tagging) for person, tagging in found if person and _is_id(person) and tagging]
            yield HeldPage(entries, page.after)

    async def people(self, after: str | None) -> AsyncIterator[PeoplePage]:
        """Who is on the list; who is not subscribed counts as suppressed."""
        async for page in self._pages("people", after or "/people"):
            yield self._read(page.rows, page.after)

    async def one(self, key: str) -> PeoplePage | None:
        """Somebody who has the tag."""
        answer = await self._http.get("people", f"/people/{key}", _GONE)
        if answer.status == _GONE:
            return None
        page = self._read([answer.object()], None)
        if not page.people:
            raise self._unlike("people", "somebody was asked for, and nobody answered")
        # The link that named them may not be the id by which they go now.
        return page._replace(people=[each._replace(key=key) for each in page.people])

    async def add(self, due: Sequence[DueChange]) -> Made:
        """Set the e-mail status to unsubscribed, or add a tagging: however often that is done, a person has one."""
        answers = [await (self._unsubscribe(each) if self._tag is None else self._give_tag(each)) for each, _ in due]
        await self._require_tag(answers)
        not_taken = sum(each.status in _NOT_TAKEN for each in answers)
        return Made(sum(each.status < 300 for each in answers), not_taken)

    async def remove(self, due: Sequence[DueChange]) -> Made:
        """Delete taggings; one that is gone is as it should be."""
        tag_id = await self._made_tag()
        paths = [f"/tags/{tag_id}/taggings/{tagging}" for _, tagging in due]
        asked = [VendorCall("DELETE", "taggings", path) for path in paths]
        await self._require_tag([await self._http.call(each, 200, 204, _GONE) for each in asked])
        return Made(len(due))

    async def _require_tag(self, answers: Sequence[VendorAnswer]) -> None:
        """Raises `VendorTrouble` where nothing of a batch was there since the tag itself is gone."""
        if self._tag is None or any(each.status != _GONE for each in answers):
            return
        known, self._tag_id = self._tag_id, None
        if await self._find_tag() != known:
            raise VendorTrouble(f"{self.title}: tags: the tag {self._tag} was deleted there meanwhile; run it again")

    async def _unsubscribe(self, person: ListedPerson) -> VendorAnswer:
        body: JSON = {"email_addresses": [{"status": "unsubscribed"}]}
        return await self._http.call(VendorCall("PUT", "people", f"/people/{person.id}", body), 200, _GONE, *_NOT_TAKEN)

    async def _give_tag(self, person: ListedPerson) -> VendorAnswer:
        link = f"{self._http.api.base.rstrip('/')}/people/{person.id}"
        body: JSON = {"_links": {"osdi:person": {"href": link}}}
        path = f"/tags/{await self._made_tag()}/taggings"
        return await self._http.call(VendorCall("POST", "taggings", path, body), 200, 201, _GONE, *_NOT_TAKEN)

    def _read(self, found: Iterable[dict[str, JSON]], after: str | None) -> PeoplePage:
        people, held = [], []
        for each in found:
            if (id_ := _id_of(each)) is None:
                continue
            emails = _primary_first(each.get("email_addresses"))
            status = (text_of(emails[0].get("status")) if emails else None) or _SUBSCRIBED
            is_closed = status.lower() != _SUBSCRIBED
            people.append(ListedPerson(id_, id_, *self._names(id_, each, emails), is_closed))
            if is_closed and self._tag is None:
                held.append(id_)
        return PeoplePage(people, after, held)

    def _names(
        self, id_: str, found: dict[str, JSON], emails: Sequence[dict[str, JSON]]
    ) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]:
        """All that names a person, and the references of the address that is written to; none: it cannot be read."""
        by_email = [tuple(self._hasher.lookups("email", text_of(each.get("address")) or "")) for each in emails]
        ids = {id_: None, **{own: None for system, own in osdi.identifiers(found.get("identifiers")) if system == _OWN}}
        by_id = [tuple(self._hasher.lookups("external", f"{SYSTEM}:{own}")) for own in ids]
        phones = _primary_first(found.get("phone_numbers"))
        by_phone = [tuple(self._hasher.lookups("phone", text_of(each.get("number")) or "")) for each in phones]
        refs = tuple(map(ref_of, by_email[0])) if by_email else ()
        return tuple(filter(None, (*by_email, *by_id, *by_phone))), refs

    async def _pages(self, what: str, path: str | None) -> AsyncIterator[_Page]:
        """Pages from one on. The last one with somebody on it may name a next one, which is empty."""
        asked: set[str] = set()
        while path is not None:
            if path in asked:
                raise VendorTrouble(f"{self.title}: {what}: its pages do not end; run it again later")
            asked.add(path)
            page = (await self._http.get(what, path)).object()
            rows = object_at(page, "_embedded").get(f"osdi:{what}")
            if not isinstance(rows, list):
                raise self._unlike(what, "a page has no list of them")
            path = text_of(object_at(page, "_links", "next").get("href")) if rows else None
            yield _Page(objects_in(rows), path)

    def _unlike(self, what: str, how: str) -> VendorTrouble:
        return VendorTrouble(f"{self.title}: {what}: {how}; run it again later, and see that its URL is right")

    async def _find_tag(self) -> str | None:
        """The id of the tag; None: there is none of this name."""
        if self._tag_id is None:
            async for page in self._pages("tags", "/tags"):
                for each in page.rows:
                    if text_of(each.get("name")) == self._tag:
                        self._tag_id = _id_of(each)
                        return self._tag_id
        return self._tag_id

    async def _made_tag(self) -> str:
        """The id of the tag, which is made where there is none; looked for again where no answer came."""
        for _ in range(_NEW_TAG_TRIES):
            if (found := await self._find_tag()) is not None:
                return found
            asked = VendorCall("POST", "tags", "/tags", {"name": self._tag}, tries=1)
            try:
                made = await self._http.call(asked, 200, 201)
            except VendorSilent:
                continue
            if text_of(made.object().get("name")) != self._tag:
                raise self._unlike("tags", f"was to make the tag {self._tag} and tells of another one")
            self._tag_id = _id_of(made.object())
        if self._tag_id is None:
            raise VendorTrouble(f"{self.title}: tags: the tag {self._tag} cannot be made; make it there by hand")
        return self._tag_id


def _id_of(found: dict[str, JSON]) -> str | None:
    """Action Network's own id of a thing: that of its link to itself, else of its identifiers; links name it so too."""
    own = (id_ for system, id_ in osdi.identifiers(found.get("identifiers")) if system == _OWN)
    id_ = osdi.linked(found, "self") or next(own, None)
    return id_ if id_ and _is_id(id_) else None


def _primary_first(value: JSON) -> list[dict[str, JSON]]:
    return sorted(objects_in(value), key=lambda each: each.get("primary") is not True)
