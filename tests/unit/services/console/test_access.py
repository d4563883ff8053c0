"""What a person is sent of themselves."""

import asyncio
import hashlib
import re
import sys
from pathlib import Path
from typing import Any, get_args

import orjson
import pytest

from events.fields import Model
from events.json_types import JSON
from events.registry import SPECS
from streams.platform.errors import Unusable
from streams.services.console.access_bundle import DATA, PAGE, Keeping, bundle_of
from streams.services.console.acting.people import held_of
from streams.services.console.dependencies import MOST_EXPORTS
from streams.services.console.names import FIELDS
from streams.services.console.people import read_people
from streams.services.console.rights import Scope
from streams.services.console.words import Language, Words
from tests.unit.domain.contact.said import HOUR, NOON, gift, profile_of, report, said

SAID_OF_AGE: dict[str, JSON] = {"of_age": True, "age_band": "65+", "sex": "f", "polling_station": "0012"}
NOTICE: dict[str, JSON] = {"notice": "art14/v1", "notice_by": "letter"}
ROLL: dict[str, JSON] = {"kind": "voter_list", "file": "rolls-2012", **NOTICE, **SAID_OF_AGE}
KEEPING = Keeping(interactions=30, asked=365, inactive=1095, in_france=True)
AT = "2012-03-01T12:00:00.000Z"
ANSWER: JSON = {"contact_id": "crm.ada", "decision": "allow", "reason": None}
ASKED: JSON = [
    {"at": AT, "team": "digital", "what": "permission", "channel": "email", "answers": [ANSWER]},
    {"at": AT, "team": "", "what": "read", "channel": None, "answers": []},
]
REQUESTS: JSON = [
    {"kind": "objection", "received": "2012-03-01", "due": "2012-04-01", "closed": closed, "outcome": outcome}
    for closed, outcome in (("2012-03-02", "granted"), (None, None))
]
TERMS: dict[str, JSON] = {"purpose": "fundraising", "wording": "form-7/v3", "proof": "scan:0417"}


def held() -> dict[str, JSON]:
    known: Any = profile_of(
        said("provenance.reported", "1", provenance=ROLL, region="US-NY"),
        said("consent.changed", "2", NOON + HOUR, channel="text", granted=True, **TERMS),
        gift("3", 2_500),
        report("4", tags_added=["<host>"], answers={"van:1": "jobs"}, support=2),
    )
    event: JSON = {
        "specversion": "1.0",
        "id": "9",
        "source": "finance/actblue",
        "type": "donation.made",
        "time": "2012-03-01T12:00:00.000Z",
        "data": {"contact": {"email": "email:" + "1" * 32}, "amount": 2500, "refcode": "<b>spring</b>"},
    }
    names: list[JSON] = ["crm.ada", "email:" + "1" * 32, "email:" + "2" * 32, "phone:" + "3" * 32]
    return {"contact_id": "crm.ada", "profile": known, "identifiers": names, "interactions": [event], "alerts": []}


def page(language: Language = "en", keeping: Keeping = KEEPING, **more: JSON) -> str:
    """The page of what is held, with something in the place of some of it."""
    return bundle_of({**held(), **more}, Words(language), NOON, keeping)[PAGE].decode()


ENGLISH = (
    *("What we hold of you", "An electoral roll", "art14/v1, by letter", "Fundraising", "e-mail address × 2", "Gift"),
    "old enough to vote · age 65+ · female · polling station 0012",
)
FRENCH = (
    *("Ce que nous gardons de vous", "Une liste électorale", "art14/v1, par lettre", "adresse électronique × 2"),
    *(
        "en âge de voter · âge 65+ · femme · bureau de vote 0012",
        "Réponses",
        "Droit",
        "opposition",
        "fait comme demandé",
    ),
    *("1\u202f095 jours", "à la CNIL", "a vu votre fiche"),
)


@pytest.mark.parametrize(("language", "words"), [("en", ENGLISH), ("fr", FRENCH)])
def test_the_page_tells_it_in_the_persons_language(language: Language, words: tuple[str, ...]) -> None:
    shown = page(language, asked=ASKED, requests=REQUESTS)
    assert [word for word in words if word not in shown] == []
    for told in ("rolls-2012", "art14/v1", "form-7/v3", "scan:0417", "<b>van:1</b> jobs", "finance/actblue", "US-NY"):
        assert told in shown


def test_each_row_has_the_notice_that_was_given_of_it_and_when() -> None:
    """Not the day on which the data were got: that is when nobody had told them yet."""
    row: dict[str, JSON] = {"kind": "rented", "file": "a", "obtained_at": "2012-01-01T08:00:00Z"}
    known: Any = profile_of(
        said("provenance.reported", "1", NOON - HOUR, provenance=row),
        said("provenance.reported", "2", provenance={"kind": "rented", "file": "a", "notice": "v1"}),
        said("provenance.reported", "3", provenance={"kind": "rented", "file": "b"}),
    )
    told = page(profile=known)
    rows = [re.findall("<td>(.*?)</td>", line) for line in told.split("<tr>")]
    cells = [(row[0], *row[2:]) for row in rows if row[1:2] == ["A hired list"]]
    given = "v1, Thu, Mar 1, 2012"
    assert cells == [
        ("Sun, Jan 1, 2012", "a", given),
        ("Thu, Mar 1, 2012", "a", given),
        ("Thu, Mar 1, 2012", "b", "–"),
    ]


def test_of_a_row_with_a_notice_of_before_it_is_not_said_that_they_were_told() -> None:
    """Nor does a condition take it for one: they were told nothing of what was got later."""
    row: dict[str, JSON] = {"kind": "rented", "obtained_at": "2012-02-01T08:00:00Z", "notice": "art14/v0"}
    known: Any = profile_of(said("provenance.reported", "1", provenance={**row, "notice_at": "2010-02-01T08:00:00Z"}))
    told = page(profile=known)
    assert "A hired list" in told
    assert "art14/v0" not in told


def test_nothing_that_a_producer_said_is_markup_and_no_identifier_is_shown_whole() -> None:
    shown = page()
    assert "&lt;host&gt;" in shown
    assert "&lt;b&gt;spring" in shown
    assert "<b>spring" not in shown
    assert "1" * 32 not in shown


def test_all_that_is_closed_is_told_with_why_and_by_whom() -> None:
    """What was said at the door and what operators decided too, not only words on consent."""
    known: Any = profile_of(
        said("email.unsubscribed", "1"),
        said("email.unsubscribed", "2", list_id="weekly"),
        report("3", outcome="do_not_contact", method="door"),
    )
    known["addresses"] = [{"ref": "1" * 16, "channel": "phone", "status": "wrong_number"}]
    stopped: JSON = {"reason": "suppressed", "since": AT, "source": "operator/harmonia", "id": "s"}
    of_stop: JSON = {"reason": "unsubscribed", "since": AT, "source": "team/a", "id": "1"}
    shown = page(profile=known, suppressions={"text": stopped, "email": of_stop})
    cells = [re.findall("<td>(.*?)</td>", row)[1:] for row in re.findall("<tr>(.*?)</tr>", shown)]
    for row in (
        ["E-mail", "unsubscribed", "team/a"],
        ["Every channel", "wants no contact", "team/a"],
        ["List weekly", "unsubscribed", "team/a"],
        ["Text", "stopped by us", "operator"],
        ["one phone number", "wrong number", "–"],
    ):
        assert row in cells


def test_a_word_is_told_with_its_ground_and_to_whom_it_was_said() -> None:
    word = said("consent.changed", "1", channel="text", granted=True, controller="party:main", basis="consent")
    known: Any = profile_of(word)
    shown = page(profile=known)
    assert "<td>party:main</td><td>consent</td>" in shown


SAID_IN_CODES: dict[str, dict[str, JSON]] = {
    "canvass.reported": {"method": "door", "outcome": "not_home", "answers": {"van:1": "jobs"}},
    "donation.made": {"amount": 2500, "currency": "EUR", "period": "monthly"},
    "email.bounced": {"kind": "hard", "purpose": "fundraising"},
    "consent.changed": {"channel": "email", "granted": False, "basis": "legitimate_interest"},
    "contact.provenance_forgotten": {"kind": "petition"},
    "rsvp.made": {"experiment": {"id": "tea", "variant": "short"}, "starts_at": "2012-03-02T12:00:00Z"},
}


def test_what_an_interaction_said_is_told_in_words_and_not_in_codes() -> None:
    events: JSON = [
        {"type": name, "time": AT, "source": "a/b", "data": {**data}} for name, data in SAID_IN_CODES.items()
    ]
    rows = {
        "en": [
            "<b>way</b> Door · <b>outcome</b> not home · <b>answers</b> van:1: jobs",
            "<b>amount</b> €25.00 · <b>how often</b> every month",
            "<b>kind</b> for good · <b>what it is for</b> Fundraising",
            "<b>channel</b> E-mail · <b>said yes</b> No · <b>ground</b> legitimate interest",
            "<b>kind</b> A file of a petition",
            "<b>experiment</b> id: tea; variant: short · <b>begins on</b> Fri, Mar 2, 2012 12:00 UTC",
        ],
        "fr": ["<b>expérience</b> identifiant\u00a0: tea\u202f; variante\u00a0: short"],
    }
    assert [row for row in rows["en"] if row not in page(interactions=events)] == []
    assert [row for row in rows["fr"] if row not in page("fr", interactions=events)] == []


def test_every_field_of_an_interaction_has_a_name_in_words() -> None:
    models: list[type[Model]] = [spec.model for spec in SPECS]
    found: set[str] = set()
    while models:
        for name, info in models.pop().model_fields.items():
            found.add(name)
            models += [each for each in (info.annotation, *get_args(info.annotation)) if _is_model(each)]
    assert found == FIELDS.keys()


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Model)


def test_the_file_beside_it_is_the_export_as_it_is() -> None:
    given = held()
    assert orjson.loads(bundle_of(given, Words("en"), NOON, KEEPING)[DATA]) == orjson.loads(orjson.dumps(given))


def alert(rule: str, *evidence: JSON) -> JSON:
    return {"alert_id": "1", "rule": rule, "at": AT, "evidence": [*evidence], "detail": "digital: by text"}


@pytest.mark.parametrize("decider", ["console/eve.moss", "operator/eve.moss", "dpo/eve.moss", "eve.moss"])
def test_nobody_of_the_staff_is_named_by_what_they_decided(decider: str) -> None:
    """Neither where the decision is kept no more, as after a month, nor by an alert about it, or what takes it back."""
    decision: dict[str, JSON] = {"source": decider, "id": "s"}
    command: JSON = {"type": "contact.suppressed", "time": AT, **decision, "data": {}}
    retracts: JSON = {"contact": {"contact_id": "crm.ada"}, "retracts": decision}
    back: JSON = {"type": "interaction.retracted", "time": AT, "source": decider, "id": "r", "data": retracts}
    alerts: JSON = [
        alert("touch_after_stop", {"source": "digital/mailer", "id": "t"}, decision),
        alert("erased", decision),
    ]
    stop: JSON = {"reason": "suppressed", "since": AT, **decision}
    asked: JSON = [{"at": AT, "team": "operator/eve.moss", "what": "rights", "answers": []}]
    cases: list[dict[str, JSON]] = [
        {"interactions": [command], "suppressions": {"text": stop}, "asked": asked},
        {"interactions": [command], "alerts": alerts},
        {"alerts": alerts},
        {"interactions": [command, back]},
        {"interactions": [back]},
    ]
    for more in cases:
        files = bundle_of({**held(), **more}, Words("en"), NOON, KEEPING)
        assert [name for name, content in files.items() if b"moss" in content] == []
        if "suppressions" in more:
            assert f"<td>{'console' if decider.startswith('console') else 'operator'}</td>" in files[PAGE].decode()


def test_alerts_and_retractions_name_the_producers_whose_interactions_they_are_about() -> None:
    """As `data.json` does: what stopped contact was a word of the person, and what is taken back a gift."""
    given: JSON = {"type": "donation.made", "time": AT, "source": "finance/actblue", "id": "8", "data": {"amount": 1}}
    gift: JSON = {"retracts": {"source": "finance/actblue", "id": "7"}}
    back: JSON = {"type": "interaction.retracted", "time": AT, "source": "finance/actblue", "id": "r", "data": gift}
    known: Any = profile_of(said("email.unsubscribed", "2"))
    stopped = alert("touch_after_stop", {"source": "digital/mailer", "id": "t"}, {"source": "team/a", "id": "2"})
    told = {**held(), "profile": known, "interactions": [given, back], "alerts": [stopped]}
    data = orjson.loads(bundle_of(told, Words("en"), NOON, KEEPING)[DATA])
    assert (data["interactions"], data["alerts"]) == ([given, back], [stopped])


def test_of_whom_little_is_known_the_page_says_so() -> None:
    empty: Any = profile_of(said("rsvp.made", event_id="e"))
    bare: dict[str, JSON] = {"contact_id": "crm.bo", "profile": empty, "identifiers": ["crm.bo"], "interactions": []}
    shown = bundle_of(bare, Words("en"), NOON, KEEPING)[PAGE].decode()
    for said_so in (
        "No interaction says where this comes from.",
        "Nothing was said on consent.",
        "Nothing is kept one",
    ):
        assert said_so in shown


def test_the_page_says_why_for_how_long_who_was_told_and_what_may_be_asked() -> None:
    known: Any = profile_of(said("consent.changed", "1", channel="text", granted=True, basis="consent", **TERMS))
    shown = page(profile=known, asked=ASKED, requests=REQUESTS)
    for word in ("Fundraising · consent", "asked whether you may be reached · E-mail", "1,095 days", "to the CNIL"):
        assert word in shown


def test_a_consent_that_was_taken_back_is_no_ground_any_more() -> None:
    yes = said("consent.changed", "1", channel="text", granted=True, basis="consent", **TERMS)
    no = said("consent.changed", "2", NOON + HOUR, channel="text", granted=False, **TERMS)
    known: Any = profile_of(yes, no)
    shown = page(profile=known)
    assert "<li>none</li>" in shown


def test_elsewhere_and_where_nobody_is_forgotten_for_doing_nothing_the_page_says_so() -> None:
    keeping = Keeping(interactions=30, asked=365, inactive=0, in_france=False)
    shown = page(keeping=keeping)
    assert "until you are forgotten." in shown
    assert "authority of your country" in shown
    assert "What you have asked for" not in shown


RUNS = """import pathlib, sys, time
folder, name = pathlib.Path(sys.argv[1]), sys.argv[-1]
(folder / name).mkdir()
while not (folder / f"end {name}").exists(): time.sleep(0.01)
(folder / name).rmdir()
print(name)
"""


def running(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("van.*")]


async def test_no_more_exports_are_made_at_once_than_there_are_turns(tmp_path: Path) -> None:
    turns, command = asyncio.Semaphore(MOST_EXPORTS), (sys.executable, "-c", RUNS, str(tmp_path))
    names = [f"van.{number}" for number in range(6)]
    asked = [asyncio.create_task(held_of(name, turns, command)) for name in names]
    most = 0
    async with asyncio.timeout(120):
        for left in range(len(names), 0, -1):
            while len(now := running(tmp_path)) < min(MOST_EXPORTS, left):  # noqa: ASYNC110 (processes tell nobody)
                await asyncio.sleep(0.01)
            most = max(most, len(now))
            (tmp_path / f"end {now[0]}").mkdir()
            while now[0] in running(tmp_path):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        answers = await asyncio.gather(*asked)
    assert most == MOST_EXPORTS
    assert [answer.decode().strip() for answer in answers] == names


DIGEST = hashlib.sha256(b"secret").hexdigest()


def _file(folder: Path, text: str) -> Path:
    file = folder / "people.toml"
    file.write_text(text)
    return file


def test_people_are_found_by_token_and_by_subject(tmp_path: Path) -> None:
    people = read_people(
        _file(
            tmp_path,
            f'[people.ada]\ntoken = "{DIGEST}"\nroles = ["field"]\nregions = ["US-OH"]\nlanguage = "fr"\n'
            '[people.bob]\noidc = "u-1"\nroles = ["privacy", "operations"]\n',
        )
    )
    ada, bob = people.by_token("secret"), people.by_subject("u-1")
    assert ada is not None
    assert (ada.name, ada.language) == ("ada", "fr")
    assert ada.roles == {"field"}
    assert ada.scope == Scope(regions=frozenset({"US-OH"}))
    assert bob is not None
    assert bob.roles == {"privacy", "operations"}
    assert people.by_token("") is people.by_token("other") is people.by_subject("") is None


def test_without_a_file_there_is_nobody() -> None:
    assert not read_people(None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("people = 3", "give a table"),
        ("[others.x]\n", "give a table"),
        ("[people.ada", "is not TOML"),
        ('[people.ada]\nroles = ["field"]', "can never sign in"),
        (f'[people.ada]\ntoken = "{DIGEST[:-1]}"\nroles = ["field"]', "64 hexadecimal digits"),
        (f'[people.ada]\ntoken = "{hashlib.sha256(b"").hexdigest()}"\nroles = ["field"]', "of an empty one"),
        (f'[people.ada]\ntoken = "{DIGEST}"', "roles: give a list of some of figures"),
        (f'[people.ada]\ntoken = "{DIGEST}"\nroles = ["boss"]', "roles: give a list of some of figures"),
        (f'[people.ada]\ntoken = "{DIGEST}"\nroles = ["field"]\nregions = "US-OH"', "regions: give a list"),
        (f'[people.ada]\ntoken = "{DIGEST}"\nroles = ["field"]\nlanguage = "de"', "language: give one of en, fr"),
        (f'[people.ada]\ntoken = "{DIGEST}"\nroles = ["field"]\nregion = ["US-OH"]', "unknown key 'region'"),
        ('[people."a b"]\noidc = "x"\nroles = ["field"]', "is no name"),
        ('[people.a]\noidc = "x"\nroles = ["field"]\n[people.b]\noidc = "x"\nroles = ["field"]', "same oidc"),
    ],
)
def test_a_mistake_is_named_with_its_cure_and_without_any_hash(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(Unusable, match="HARMONIA_CONSOLE_PEOPLE") as caught:
        read_people(_file(tmp_path, text))
    assert told in str(caught.value)
    assert DIGEST[:-1] not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="cannot be read"):
        read_people(tmp_path / "none.toml")
