import orjson
from hypothesis import assume, given
from hypothesis import strategies as st

from events.envelope import Interaction, decode, plain_data
from events.harmonised import harmonise, read_harmonised
from events.identifiers import Hasher
from events.interactions.commands import PairCommand
from events.json_types import JSON
from events.normalise import normalise_email, normalise_phone
from tests.property.events.saying import contacts, events, record, written

HASHER = Hasher([b"key"])


def said(content: dict[str, JSON]) -> Interaction:
    interaction = decode(record(written(content), content["type"]))
    assert isinstance(interaction, Interaction)
    return interaction


def raw_identifiers(interaction: Interaction) -> list[str]:
    contact = interaction.data.contact
    email, phone = contact.email or "", contact.phone or ""
    voter = (contact.voter_id or "").partition(":")[2]
    found = [
        email,
        normalise_email(email),
        phone,
        normalise_phone(phone, "US"),
        voter,
        *(contact.external or {}).values(),
    ]
    return [text for text in found if text]


@given(events())
def test_no_identifier_is_written_but_the_contact_id(content: dict[str, JSON]) -> None:
    interaction = said(content)
    fragment, value = harmonise(interaction, HASHER)
    text = value.decode()
    assume(str(interaction.data.plain().get("amount")) not in raw_identifiers(interaction))  # a number is a number
    for identifier in raw_identifiers(interaction):
        assert identifier not in text
        assert identifier not in fragment


@given(events())
def test_the_fields_that_count_are_read_back_from_a_harmonised_record(content: dict[str, JSON]) -> None:
    interaction = said(content)
    read = read_harmonised(harmonise(interaction, HASHER)[1])
    assert isinstance(read, Interaction)
    assert (read.id, read.source, read.type, read.time) == (
        *(interaction.id, interaction.source, interaction.type, interaction.time),
    )
    before, after = plain_data(interaction), read.data.plain()
    contact, hashed = before.pop("contact"), after.pop("contact")
    team = after.pop("team")
    assert team
    assert team == before.pop("team", team)
    assert after == before
    assert isinstance(contact, dict)
    assert isinstance(hashed, dict)
    for name in ("contact_id", "region", "postal_code", "time_zone", "language", "household"):
        assert hashed.get(name) == contact.get(name)


@given(events())
def test_harmonising_the_same_gives_the_same(content: dict[str, JSON]) -> None:
    assert harmonise(said(content), HASHER) == harmonise(said(content), HASHER)


@given(events())
def test_the_fragment_stands_in_the_record(content: dict[str, JSON]) -> None:
    interaction = said(content)
    fragment, value = harmonise(interaction, HASHER)
    assert fragment in value.decode()
    if not isinstance(interaction.data, PairCommand):
        assert fragment == HASHER.fragment(interaction.data.contact)


@given(contacts(), st.data())
def test_the_order_of_fields_does_not_choose_the_fragment(contact: dict[str, JSON], data: st.DataObject) -> None:
    def fragment(given: dict[str, JSON]) -> str:
        body = orjson.dumps({"contact": given, "form_id": "f"})
        event = {
            "specversion": "1.0",
            "id": "1",
            "source": "s",
            "type": "form.submitted",
            "time": "2012-02-22T00:00:00Z",
        }
        interaction = decode(record(orjson.dumps(event | {"data": orjson.Fragment(body)}), "form.submitted"))
        assert isinstance(interaction, Interaction)
        return harmonise(interaction, HASHER)[0]

    shuffled = dict(data.draw(st.permutations(list(contact.items()))))
    assert fragment(contact) == fragment(shuffled)
