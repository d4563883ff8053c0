"""ActBlue's webhooks: contributions, refunds and cancelled pledges, one notification for each line item.

Nothing in the body names its kind: a line item with `refundedAt` was refunded, a contribution with `cancelledAt` ended
its pledge. An order number repeats over its line items and instalments, so the line item is the gift, and the order the
pledge. A refund is reported whatever else became of the gift or its pledge; one whose money came back after all
(`recoveredAt`) is retracted. `textMessageOption` is the donor's own wish. Data on ActBlue's tests of its forms are
ignored: they cover only those who gave.
"""

from collections.abc import Iterable

from events.adapters.drafts import Draft, DraftResult, id_of, read_elements
from events.adapters.feed import AdapterResult, Feed, SkippedElement
from events.adapters.values import minor_units, object_at, objects_in, parse_moment, place, present, text_of
from events.json_types import JSON
from events.refusal import Reason, Refusal

CURRENCY = "USD"
_PERIODS = frozenset({"once", "weekly", "monthly", "yearly"})
_NO_ITEMS = Refusal(Reason.INVALID_DATA, "lineitems: give at least one, each with a lineitemId")
_APPROVED = "approved"
_WISHES = {"opt_in": True, "opt_out": False}


def read(body: bytes, feed: Feed) -> list[AdapterResult]:
    """The gifts or refunds of one notification, and the donor's consent to texts."""
    return read_elements(body, feed, _one)


def _one(notice: dict[str, JSON], feed: Feed) -> Iterable[DraftResult]:
    contribution = object_at(notice, "contribution")
    listed = objects_in(notice.get("lineitems"))
    items = [item for item in listed if text_of(item.get("lineitemId"))]
    for item in items:
        if item.get("refundedAt"):
            yield from _refunded(notice, item, feed)
    if contribution.get("cancelledAt"):
        yield _cancelled(notice)
        return
    if not items:
        yield _NO_ITEMS
        return
    kept = [item for item in items if not item.get("refundedAt")]
    if kept and (text_of(contribution.get("status")) or _APPROVED).lower() != _APPROVED:
        yield SkippedElement("not_approved")
        return
    for item in kept:
        yield _made(notice, item)
    if len(items) < len(listed):
        yield _NO_ITEMS
    if (wish := _WISHES.get(text_of(contribution.get("textMessageOption")) or "")) is not None:
        yield _text_consent(notice, wish)


def _made(notice: dict[str, JSON], item: dict[str, JSON]) -> Draft:
    contribution = object_at(notice, "contribution")
    period = (text_of(contribution.get("recurringPeriod")) or "once").lower()
    paid = item.get("paidAt") or contribution.get("createdAt")
    data = _about(notice, item) | present(
        donation_id=_gift(item),
        amount=_amount(item),
        period=period if period in _PERIODS else None,
        refcode=_refcode(contribution),
    )
    if period != "once":
        data |= present(pledge_id=_pledge(contribution), instalment=_instalment(item))
    return Draft(
        "donation.made", parse_moment(paid, "lineitems.paidAt"), ("actblue", "gift", text_of(item["lineitemId"])), data
    )


def _refunded(notice: dict[str, JSON], item: dict[str, JSON], feed: Feed) -> Iterable[Draft]:
    time = parse_moment(item.get("refundedAt"), "lineitems.refundedAt")
    act: tuple[JSON, ...] = (
        "actblue",
        "refund",
        text_of(item["lineitemId"]),
        None if isinstance(time, Refusal) else time,
    )
    given_back = _about(notice, item) | present(refund_id=_gift(item), donation_id=_gift(item), amount=_amount(item))
    yield Draft("donation.refunded", time, act, given_back)
    if item.get("recoveredAt"):
        retracts: dict[str, JSON] = {"source": feed.source, "id": id_of(act)}
        data: dict[str, JSON] = {"contact": _donor(notice), "retracts": retracts}
        recovered = parse_moment(item.get("recoveredAt"), "lineitems.recoveredAt")
        yield Draft("interaction.retracted", recovered, (*act, "recovered"), data)


def _cancelled(notice: dict[str, JSON]) -> Draft:
    contribution = object_at(notice, "contribution")
    data = {"contact": _donor(notice)} | present(pledge_id=_pledge(contribution))
    time = parse_moment(contribution.get("cancelledAt"), "contribution.cancelledAt")
    return Draft(
        "donation.pledge_cancelled", time, ("actblue", "cancelled", text_of(contribution.get("orderNumber"))), data
    )


def _text_consent(notice: dict[str, JSON], wish: bool) -> Draft:
    contribution = object_at(notice, "contribution")
    data: dict[str, JSON] = {"contact": _donor(notice), "channel": "text", "granted": wish, "basis": "actblue"}
    time = parse_moment(contribution.get("createdAt"), "contribution.createdAt")
    act = ("actblue", "text", text_of(contribution.get("orderNumber")), wish)
    return Draft("consent.changed", time, act, data)


def _about(notice: dict[str, JSON], item: dict[str, JSON]) -> dict[str, JSON]:
    committee = text_of(item.get("fecId")) or text_of(item.get("entityId"))
    return present(contact=_donor(notice), currency=CURRENCY, committee=committee)


def _donor(notice: dict[str, JSON]) -> dict[str, JSON]:
    donor = object_at(notice, "donor")
    where = place(donor.get("state"), donor.get("zip"), donor.get("country"))
    return present(email=donor.get("email"), phone=text_of(donor.get("phone"))) | where


def _gift(item: dict[str, JSON]) -> str:
    return f"actblue:{text_of(item.get('lineitemId'))}"


def _pledge(contribution: dict[str, JSON]) -> str | None:
    order = text_of(contribution.get("orderNumber"))
    return f"actblue:{order}" if order else None


def _amount(item: dict[str, JSON]) -> JSON:
    """The amount in cents; one that is no whole number of them stays as it is, for the model to refuse by its name."""
    cents = minor_units(item.get("amount"), CURRENCY)
    return item.get("amount") if cents is None else cents


def _instalment(item: dict[str, JSON]) -> int | None:
    sequence = item.get("sequence")
    return sequence if isinstance(sequence, int) and sequence >= 0 else None


def _refcode(contribution: dict[str, JSON]) -> str | None:
    codes = object_at(contribution, "refcodes")
    return (
        text_of(contribution.get("refcode"))
        or text_of(codes.get("refcode"))
        or next(map(text_of, codes.values()), None)
    )
