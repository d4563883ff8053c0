"""The expected human opens and clicks of a contact: a function of what was received when, held against the oracle."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import event, given
from hypothesis import strategies as st

from events.json_types import JSON
from streams.demo.recount import CountedEvent
from streams.demo.recount_humans import thousandths
from streams.domain.contact import ContactState, decode, encode, merge, profile
from streams.domain.contact.state import DEDUP_WINDOW_MS
from tests.property.domain.contact.strategies import Fields, chunks, few, fields
from tests.unit.domain.contact.said import DAY, DONOR, HOUR, NOON, SECOND, Arrival, appended, fold, folded, said

MESSAGE = few("m", "n")
AGENT = few("Mozilla/5.0", "Mozilla/5.0 (Windows NT 10.0)", "GoogleImageProxy", "MSOffice 16", "curl/8.4.0")
SHOWN: dict[str, st.SearchStrategy[JSON]] = {"user_agent": AGENT, "machine": few(True, False)}
DATA: dict[str, st.SearchStrategy[Fields]] = {
    "email.sent": fields({"message_id": MESSAGE}, {}),
    "email.delivered": fields({"message_id": MESSAGE}, {}),
    "email.opened": fields({"message_id": MESSAGE}, SHOWN),
    "email.clicked": fields({"message_id": MESSAGE}, {**SHOWN, "url": few("u", "v", "w", "x", "y", "")}),
    "donation.made": fields(
        {"donation_id": few("a:1", "a:2"), "amount": few(1), "currency": few("USD")}, {"instalment": few(0, 1, 2)}
    ),
    "form.submitted": fields({"form_id": few("f")}, {}),
    "text.replied": fields({}, {}),
}
TYPES = [*DATA, "email.opened", "email.clicked", "email.clicked"]
MOMENTS = st.one_of(
    st.integers(0, 30).map(lambda step: NOON + step * SECOND), st.integers(0, 30).map(lambda step: NOON + step * HOUR)
)


@st.composite
def lives(draw: st.DrawFn, days: int) -> list[Arrival]:
    """Mail and answers, some taken back, each appended once within so many days, in that order."""
    happened = []
    for number in range(draw(st.integers(1, 12))):
        type_ = draw(st.sampled_from(TYPES))
        happened.append(said(type_, f"{number}", draw(MOMENTS), **draw(DATA[type_])))
    for gone in draw(st.lists(st.sampled_from(happened), max_size=2, unique_by=id)):
        retracts: JSON = {"source": "team/a", "id": gone.interaction.id}
        happened.append(said("interaction.retracted", f"not {gone.interaction.id}", NOON, retracts=retracts))
    arrived = [appended(NOON + draw(st.integers(0, days * 4)) * DAY // 4, each) for each in happened]
    return sorted(arrived, key=lambda arrival: arrival.appended_at)


def told(arrival: Arrival) -> CountedEvent:
    heard = arrival.interaction
    at = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=heard.time)
    return CountedEvent(at, heard.source, heard.id, heard.type, {}, heard.data.model_dump())  # type: ignore[arg-type]


def counting(received: Sequence[Arrival]) -> list[Arrival]:
    """Those that nobody has taken back, of a gift the first report, in order."""
    gone = {
        (each.interaction.data.retracts.id, each.appended_at)  # type: ignore[attr-defined]
        for each in received
        if each.interaction.type == "interaction.retracted"
    }
    kept = [each for each in received if each.interaction.type != "interaction.retracted" and not _is_gone(each, gone)]
    gifts: set[str] = set()
    first = []
    for each in sorted(kept, key=lambda each: (each.interaction.time, each.interaction.source, each.interaction.id)):
        name = getattr(each.interaction.data, "donation_id", None)
        if name is None or name not in gifts:
            first.append(each)
        gifts.add(str(name))
    return first


def _is_gone(each: Arrival, gone: set[tuple[str, int]]) -> bool:
    return any(
        id_ == each.interaction.id
        and (at <= each.appended_at + DEDUP_WINDOW_MS or "email" not in each.interaction.type)
        for id_, at in gone
    )


def truth(life: Sequence[Arrival]) -> tuple[float, float]:
    """Each act by itself, from what was received in its time."""
    found = {"email.opened": 0, "email.clicked": 0}
    for act in life:
        known = counting([each for each in life if each.appended_at <= act.appended_at + DEDUP_WINDOW_MS])
        if act.interaction.type in found and act in known:
            counts = [
                each
                for each in known
                if "email" not in each.interaction.type or abs(each.appended_at - act.appended_at) <= DEDUP_WINDOW_MS
            ]
            found[act.interaction.type] += thousandths(told(act), list(map(told, counts)))
    return found["email.opened"] / 1_000, found["email.clicked"] / 1_000


def humans(state: ContactState) -> tuple[float, float]:
    email = profile(DONOR, state)["email"]
    return email["opens_human"], email["clicks_human"]


@given(lives(days=6), st.data())
def test_in_any_order_and_in_any_parts_it_is_what_the_oracle_finds(life: list[Arrival], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(life))
    cut = data.draw(st.integers(0, len(life)))
    assert humans(folded(*shuffled)) == truth(life)
    assert humans(merge(folded(*shuffled[:cut]), folded(*shuffled[cut:]))) == truth(life)


@given(lives(days=24), st.data())
def test_whenever_what_settles_it_is_what_the_oracle_finds(life: list[Arrival], data: st.DataObject) -> None:
    state = ContactState()
    for chunk in data.draw(chunks(life)):
        state, _ = fold(decode(encode(state)), chunk)
        event(f"echoes: {len(state.settled.echoes)}")
    event(f"settled: {state.settled.opens_human + state.settled.clicks_human > 0}")
    assert humans(state) == truth(life)
    done, _ = fold(state, [appended(NOON + 90 * DAY, said("rsvp.made", "late", event_id="e"))])
    assert humans(done) == truth(life)
    assert done.settled.echoes == ()


@given(lives(days=24))
def test_messages_that_have_settled_apart_add_up(life: list[Arrival]) -> None:
    """Answers count for every message, so here are none."""
    mail = [each for each in life if each.interaction.type.startswith("email.")]
    one, other = ([each for each in mail if each.interaction.data.message_id == name] for name in "mn")  # type: ignore[attr-defined]
    assert humans(merge(folded(*one), folded(*other))) == truth(mail)
