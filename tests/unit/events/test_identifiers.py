import pytest

from events.contact import Contact
from events.identifiers import KIND_ORDER, Hasher, is_identity_hash, kind_of

HASHER = Hasher([b"new key", b"old key"])


def test_a_hash_is_its_kind_and_32_hex_digits() -> None:
    hashed = HASHER.email("jane@example.org")
    assert hashed == "email:6ec2722ca27c29671aa0c1543541808a"
    assert is_identity_hash(hashed)
    assert kind_of(hashed) == "email"


@pytest.mark.parametrize(
    "text", ["c1", "email:abc", "email:" + "G" * 32, "name:" + "a" * 32, "email:" + "a" * 32 + "\n"]
)
def test_an_id_that_is_no_hash_is_a_contact_id(text: str) -> None:
    assert not is_identity_hash(text)
    assert kind_of(text) == "contact"


def test_two_spellings_of_one_identifier_have_one_hash() -> None:
    assert HASHER.email("Jane@Example.org ") == HASHER.email("jane@example.org")
    assert HASHER.phone("(212) 555-0199") == HASHER.phone("+1 212 555 0199")
    assert HASHER.voter("ny: 123 ") == HASHER.voter("NY:123")
    assert HASHER.external(" VAN", "123 ") == HASHER.external("van", "123")


def test_the_case_of_an_external_id_matters() -> None:
    assert HASHER.external("actblue", "aB") != HASHER.external("actblue", "Ab")


def test_equal_text_of_two_kinds_or_systems_never_meets() -> None:
    same = "ny:1"
    assert HASHER.voter(same).partition(":")[2] != HASHER.external("ny", "1").partition(":")[2]
    assert HASHER.external("a", "bc") != HASHER.external("ab", "c")


def test_the_first_key_writes_and_all_keys_find() -> None:
    old = Hasher([b"old key"])
    assert HASHER.email("jane@example.org") != old.email("jane@example.org")
    assert HASHER.lookups("email", "JANE@example.org") == [
        HASHER.email("jane@example.org"),
        old.email("jane@example.org"),
    ]
    assert HASHER.lookups("phone", "212 555 0199")[1] == old.phone("212 555 0199")
    assert HASHER.lookups("voter", "NY:1")[1] == old.voter("NY:1")
    assert HASHER.lookups("external", "van:12:3")[0] == HASHER.external("van", "12:3")


@pytest.mark.parametrize("written", ["0692 12 34 56", "+262 692 12 34 56"])
def test_a_number_of_france_overseas_is_found_as_it_was_read_before_there_was_a_regime(written: str) -> None:
    before, now = Hasher([b"k"], "FR"), Hasher([b"k"], "FR", overseas=True)
    assert before.phone("0692 12 34 56") == before.phone("+33 692 12 34 56")
    assert now.phone(written) == before.phone("+262692123456")
    former = before.phone("0692 12 34 56")
    assert now.lookups("phone", written) == [now.phone(written), former]
    assert now.aliases(Contact(email="jane@example.org", phone=written)) == {now.phone(written): [former]}
    old = Hasher([b"old"], "FR")
    rotated = Hasher([b"k", b"old"], "FR", overseas=True).lookups("phone", written)
    assert rotated == [now.phone(written), old.phone("+262692123456"), former, old.phone("0692 12 34 56")]


def test_only_a_number_overseas_has_a_former_reading() -> None:
    now = Hasher([b"k"], "FR", overseas=True)
    for written in ("06 12 34 56 78", "+33 6 12 34 56 78", "+1 212 555 0199", "12"):
        assert now.aliases(Contact(contact_id="c1", email="jane@example.org", phone=written)) == {}
        assert len(now.lookups("phone", written)) == (0 if written == "12" else 1)
    assert now.aliases(Contact(email="jane@example.org")) == {}
    assert Hasher([b"k"], "US", overseas=True).lookups("phone", "+262692123456") == [now.phone("+262692123456")]


def test_each_identifier_has_its_hashes_under_the_older_keys_as_aliases() -> None:
    old, older = Hasher([b"old key"]), Hasher([b"older key"])
    contact = Contact(
        contact_id="c1", voter_id="NY:1", external={"a:b": "1"}, email="jane@example.org", phone="212 555 0199"
    )
    assert Hasher([b"new key", b"old key", b"older key"]).aliases(contact) == {
        HASHER.voter("NY:1"): [old.voter("NY:1"), older.voter("NY:1")],
        HASHER.external("a:b", "1"): [old.external("a:b", "1"), older.external("a:b", "1")],
        HASHER.email("jane@example.org"): [old.email("jane@example.org"), older.email("jane@example.org")],
        HASHER.phone("212 555 0199"): [old.phone("212 555 0199"), older.phone("212 555 0199")],
    }
    assert old.aliases(contact) == {}
    assert HASHER.aliases(Contact(contact_id="c1", email="nobody", phone="12")) == {}


def test_gmail_addresses_are_read_as_gmail_does_only_where_that_is_set() -> None:
    gmail = Hasher([b"new key", b"old key"], gmail_aliases=True)
    assert gmail.email("J.ane+list@googlemail.com") == gmail.email("jane@gmail.com") == HASHER.email("jane@gmail.com")
    assert HASHER.email("j.ane@gmail.com") != HASHER.email("jane@gmail.com")
    assert gmail.lookups("email", "j.ane@gmail.com") == gmail.lookups("email", "jane@gmail.com")
    contact = Contact(email="j.ane@gmail.com")
    assert gmail.aliases(contact) == gmail.aliases(Contact(email="jane@gmail.com"))
    assert gmail.fragment(contact) in gmail.aliases(contact)


@pytest.mark.parametrize(
    ("kind", "text"), [("email", "x"), ("phone", "x"), ("voter", "NY"), ("voter", "NY: "), ("external", ":1")]
)
def test_an_invalid_identifier_has_no_lookups(kind: str, text: str) -> None:
    assert HASHER.lookups(kind, text) == []  # type: ignore[arg-type]


def test_keys_of_any_length_are_whole_keys() -> None:
    long, longer = Hasher([b"k" * 200]), Hasher([b"k" * 201])
    assert long.email("jane@example.org") != longer.email("jane@example.org")


@pytest.mark.parametrize("keys", [[], [b""], [b"key", b""]])
def test_a_hasher_without_a_key_is_an_error(keys: list[bytes]) -> None:
    with pytest.raises(ValueError, match="key"):
        Hasher(keys)


def test_the_fragment_is_the_strongest_identifier() -> None:
    contact = Contact(
        contact_id="c1",
        voter_id="NY:1",
        external={"van": "2", "actblue": "1"},
        email="jane@example.org",
        phone="212 555 0199",
    )
    expected = [
        "c1",
        HASHER.voter("NY:1"),
        HASHER.external("actblue", "1"),
        HASHER.email("jane@example.org"),
        HASHER.phone("212 555 0199"),
    ]
    found = []
    for name in ("contact_id", "voter_id", "external", "email", "phone"):
        found.append(HASHER.fragment(contact))
        contact = contact.model_copy(update={name: None})
    assert found == expected
    assert [kind_of(fragment) for fragment in found if fragment] == list(KIND_ORDER)
    assert HASHER.fragment(contact) is None


def test_the_fragment_is_the_strongest_identifier_that_can_be_normalised() -> None:
    assert HASHER.fragment(Contact(email="nobody", phone="212 555 0199")) == HASHER.phone("+12125550199")
    assert HASHER.fragment(Contact(external={}, email="nobody")) is None
