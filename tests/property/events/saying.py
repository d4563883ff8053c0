"""Whatever a producer could say: valid events of every type, and what resembles them.

Identifiers, other strings and hashes are drawn from alphabets that do not meet, so that a raw identifier can be looked
for in what is written.
"""

from typing import get_args

import orjson
from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from events.envelope import Record
from events.interactions.base import NoticeWay, ProvenanceKind
from events.json_types import JSON
from events.registry import MODELS, TOPICS_OF
from events.times import render_time

NOW = 1_329_904_800_000
TOPICS = sorted(frozenset().union(*TOPICS_OF.values()))

words = st.text("ghijklmnop ", max_size=20)
names = st.text("ghijklmnop-", min_size=1, max_size=20)
raw = st.text("qrstuvwxyz", min_size=12, max_size=20)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False, allow_infinity=False), words
)
shallow: st.SearchStrategy[JSON] = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
    max_leaves=4,
).filter(lambda value: _depth(value) <= 4)
times = st.integers(-(10**13), NOW + 3_600_000)
phones = st.integers(2_002_000_000, 9_999_999_999).map(str)
emails = st.tuples(raw, raw.map(lambda text: f"{text}.example.org") | st.sampled_from(["gmail.com", "Live.nl"])).map(
    "@".join
)

_arms: st.SearchStrategy[JSON] = st.fixed_dictionaries({"id": names, "variant": names}).map(dict)
labels = st.from_regex(r"[ghijklmnop][ghijklmnop/._-]{0,19}", fullmatch=True)
_origins: st.SearchStrategy[JSON] = st.fixed_dictionaries(
    {"kind": st.sampled_from(get_args(ProvenanceKind))},
    optional={
        "obtained_at": times.map(render_time),
        "file": labels,
        "notice": labels,
        "notice_by": st.sampled_from(get_args(NoticeWay)),
        "notice_at": times.map(render_time),
    },
).map(dict)
_contact_ids = st.from_regex(r"[q-z0-9_.:-]{1,64}", fullmatch=True)
_FIELDS: dict[str, st.SearchStrategy[JSON]] = {
    "experiment": _arms,
    "provenance": _origins,
    "retracts": st.fixed_dictionaries({"source": names, "id": names}),
    "contact_ids": st.lists(_contact_ids, min_size=2, max_size=2, unique=True).map(list),
    "donation_id": names.map(lambda text: f"fec:{text}"),
    "amount": st.integers(1, 10**14),
    "currency": st.sampled_from(["USD", "EUR"]),
    "instalment": st.integers(0, 99),
    "support": st.integers(1, 5),
    "answers": st.dictionaries(names.map(lambda text: f"van:{text}"), scalars, max_size=4).map(dict),
    "tags_added": st.lists(names, max_size=4).map(list),
    "tags_removed": st.lists(names, max_size=4).map(list),
    "starts_at": times.map(render_time),
    "until": times.map(render_time),
    "inactive_since": st.integers(-2 * 10**13, -(10**13) - 1).map(render_time),
}
_CONTACT: dict[str, st.SearchStrategy[JSON]] = {
    "contact_id": _contact_ids,
    "voter_id": raw.map(lambda text: f"NY:{text}"),
    "external": st.dictionaries(st.sampled_from(["van", "ActBlue"]), raw, min_size=1).map(dict),
    "email": emails,
    "phone": phones,
}
_ATTRIBUTES: dict[str, st.SearchStrategy[JSON]] = {
    "region": st.just("US-NY"),
    "postal_code": words,
    "time_zone": st.just("America/New_York"),
    "language": words,
    "household": names,
}


def _depth(value: JSON) -> int:
    if isinstance(value, dict):
        return 1 + max((_depth(item) for item in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((_depth(item) for item in value), default=0)
    return 0


def _field(name: str, info: FieldInfo) -> st.SearchStrategy[JSON]:
    if name in _FIELDS:
        return _FIELDS[name]
    choices = [choice for part in (info.annotation, *get_args(info.annotation)) for choice in get_args(part)]
    if literal := [choice for choice in choices if isinstance(choice, str)]:
        return st.sampled_from(literal)
    return st.booleans() if bool in (info.annotation, *get_args(info.annotation)) else names


@st.composite
def contacts(draw: st.DrawFn) -> dict[str, JSON]:
    """At least one identifier, some attributes, some nulls."""
    chosen = draw(st.sets(st.sampled_from(list(_CONTACT)), min_size=1))
    given: dict[str, JSON] = {name: draw(_CONTACT[name]) for name in chosen}
    for name in draw(st.sets(st.sampled_from(list(_ATTRIBUTES)))):
        given[name] = draw(st.none() | _ATTRIBUTES[name])
    return given


@st.composite
def events(draw: st.DrawFn) -> dict[str, JSON]:
    """A valid event of any type, with some of its optional and some unknown fields."""
    type_ = draw(st.sampled_from(sorted(MODELS)))
    data: dict[str, JSON] = dict(draw(st.dictionaries(names.map(lambda text: f"x{text}"), shallow, max_size=2)))
    for name, info in MODELS[type_].model_fields.items():
        if name != "contact" and (info.is_required() or draw(st.booleans())):
            data[name] = draw(_field(name, info))
    return {
        "specversion": "1.0",
        "id": draw(names),
        "source": draw(names),
        "type": type_,
        "time": render_time(draw(times)),
        "data": {**data, "contact": draw(contacts())},
        **draw(st.dictionaries(st.sampled_from(["traceparent", "subject", "tenant"]), words)),
    }


@st.composite
def spoilt_events(draw: st.DrawFn) -> JSON:
    """An event with something put into it, or taken out of it, anywhere."""
    content = draw(events())
    place: JSON = content
    for _ in range(draw(st.integers(0, 3))):
        if isinstance(place, dict) and place:
            inner = place[draw(st.sampled_from(sorted(place)))]
            place = inner if isinstance(inner, dict) and inner else place
    if isinstance(place, dict):
        name = draw(st.sampled_from(sorted(place)) | names) if place else draw(names)
        if draw(st.booleans()):
            place[name] = draw(shallow)
        else:
            place.pop(name, None)
    return content


def record(value: bytes | None, type_: JSON = None, headers: tuple[tuple[str, bytes | None], ...] = ()) -> Record:
    """On a topic that takes the type."""
    return Record(min(TOPICS_OF.get(str(type_), {"email-events"})), value, headers, NOW)


def written(content: JSON) -> bytes:
    """As JSON."""
    return orjson.dumps(content)
