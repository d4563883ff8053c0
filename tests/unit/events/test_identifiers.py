"""Identifiers and how they are spelled."""

from itertools import permutations
from pathlib import Path

import pytest

from events.contact import Contact
from events.identifiers import KIND_ORDER, Hasher, is_identity_hash, kind_of
from events.mailboxes import _IN_MANY_COUNTRIES, _OWN, mailbox_of
from events.near_types import MOST_NAMED, near_types
from events.normalise import normalise_email, normalise_phone, one_gmail, read_as_of_france
from events.registry import BY_NAME
from events.spelling import LONGEST, did_you_mean, nearest_name

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


PAGE = (Path(__file__).parents[3] / "docs" / "alerts.md").read_text()


@pytest.mark.parametrize(
    ("domains", "mailbox"),
    [
        ("gmail.com googlemail.com", "gmail"),
        ("yahoo.com yahoo.fr yahoo.co.uk yahoo.com.br ymail.com rocketmail.com aol.com aol.de aim.com", "yahoo"),
        ("outlook.com outlook.es hotmail.com hotmail.co.uk live.com live.com.au msn.com", "microsoft"),
        ("icloud.com me.com mac.com privaterelay.appleid.com", "apple"),
        ("example.org gmail.example mail.gmail.com yahoo.co.jp live.example.com outlook.office att.net", "other"),
        ("yahoo.", "other"),
    ],
)
def test_the_provider_of_an_address_follows_from_its_domain(domains: str, mailbox: str) -> None:
    assert {mailbox_of(f"jane@{domain}") for domain in domains.split()} == {mailbox}


def test_an_at_sign_in_the_local_part_does_not_matter() -> None:
    assert mailbox_of("gmail.com@example.org") == "other"


def test_every_domain_is_in_the_reference() -> None:
    assert all(f"`{domain}`" in PAGE for domain in _OWN)
    assert all(f"`{name}.*`" in PAGE for name in _IN_MANY_COUNTRIES)


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("jane@example.org", "jane@example.org"),
        ("  Jane.Doe+News@Example.ORG\t", "jane.doe+news@example.org"),
        ("JANE@BÜCHER.example", "jane@xn--bcher-kva.example"),
        ("jane@bu\u0308cher.example", "jane@xn--bcher-kva.example"),
        ("jane@例え。テスト", "jane@xn--r8jz45g.xn--zckzah"),
        ("Jose\u0301@example.org", "jos\u00e9@example.org"),
        ("o'hara_x@mail-1.example.co.uk", "o'hara_x@mail-1.example.co.uk"),
        ("test@example.test", "test@example.test"),
    ],
)
def test_an_address_has_one_spelling(written: str, address: str) -> None:
    assert normalise_email(written) == address


@pytest.mark.parametrize(
    "written",
    [
        *("", "   ", "jane", "@example.org", "jane@", "jane@doe@example.org", "jane@localhost", "jane@example"),
        *("jane doe@example.org", "Jane <jane@example.org>", "jane@exa mple.org", "jane@example..org"),
        *("jane@-example.org", "jane@example-.org", "jane@192.168.0.1", "jane@example.o", "jane@exam_ple.org"),
        *("jane@example.org,joe@example.org", "ja\u00a0ne@example.org", "ja\x00ne@example.org"),
        *("jane@\u2f00\u2f00.\ud7ff", "jane@xn--\u00fc.org", "jane@" + "a" * 64 + ".org"),
        *("a" * 250 + "@example.org", "ü" * 100_000 + "@example.org", "jane@" + "ü" * 100_000),
    ],
)
def test_what_is_not_one_address_is_none(written: str) -> None:
    assert normalise_email(written) is None


def test_nothing_is_guessed_about_a_mailbox() -> None:
    assert normalise_email("j.ane@gmail.com") != normalise_email("jane@gmail.com")
    assert normalise_email("straße@example.org") != normalise_email("strasse@example.org")


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("jane.doe+news@gmail.com", "janedoe@gmail.com"),
        ("j.a.n.e@googlemail.com", "jane@gmail.com"),
        ("jane+a+b@gmail.com", "jane@gmail.com"),
        ("jane.doe+news@example.org", "jane.doe+news@example.org"),
        ("jane.doe@mail.gmail.com", "jane.doe@mail.gmail.com"),
        ("+@gmail.com", "+@gmail.com"),
        (".+x@googlemail.com", ".+x@gmail.com"),
    ],
)
def test_what_is_one_mailbox_to_gmail(address: str, mailbox: str) -> None:
    assert one_gmail(address) == mailbox
    assert one_gmail(mailbox) == mailbox


def test_a_number_without_country_code_is_read_in_the_region() -> None:
    assert normalise_phone("020 7946 0018", "GB") == "+442079460018"
    assert normalise_phone("+44 20 7946 0018", "US") == "+442079460018"


@pytest.mark.parametrize(
    ("national", "number"),
    [
        *(("0692 12 34 56", "+262692123456"), ("02 62 12 34 56", "+262262123456"), ("0263123456", "+262263123456")),
        *(("0639 05 12 34", "+262639051234"), ("0269 61 23 45", "+262269612345"), ("0696.12.34.56", "+596696123456")),
        *(("0596 60 12 34", "+596596601234"), ("0590123456", "+590590123456"), ("0690 12 34 56", "+590690123456")),
        *(("0594 12 34 56", "+594594123456"), ("0694 12 34 56", "+594694123456")),
        *(("06 39 98 12 34", "+33639981234"), ("02 61 91 12 34", "+33261911234"), ("0612345678", "+33612345678")),
        *(("05 36 49 12 34", "+33536491234"), ("0976 12 34 56", "+33976123456"), ("0800 123 456", "+33800123456")),
    ],
)
def test_a_number_of_france_overseas_has_the_code_of_its_department(national: str, number: str) -> None:
    """A list writes it without a code, and a stop comes with one: else they would be two people."""
    assert normalise_phone(national, "FR", overseas=True) == normalise_phone(number, "FR", overseas=True) == number
    assert normalise_phone(number, "US") == number
    assert normalise_phone(national, "FR") == (read_as_of_france(number) or number)


@pytest.mark.parametrize("written", ["", "n/a", "12", "555-0199", "+1 212 555", "+999 1234567", "1" * 300, "+1"])
def test_what_is_no_whole_number_is_none(written: str) -> None:
    assert normalise_phone(written, "US") is None


EXPERIMENTS = ("calls-evening", "subject-ask-2", "subject-gotv-3", "subject-welcome-1")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("subject-gtov-3", "subject-gotv-3"),
        ("subject-aks-2", "subject-ask-2"),
        ("subjekt-gotv-3", "subject-gotv-3"),
        ("Subject-GOTV-3", "subject-gotv-3"),
        ("subject_gotv_3", "subject-gotv-3"),
        ("subject-welcom-1", "subject-welcome-1"),
        ("calls-evenings", "calls-evening"),
        ("subject-gotv", "subject-gotv-3"),
    ],
)
def test_a_misspelled_name_is_near_to_the_one_that_was_meant(name: str, meant: str) -> None:
    assert nearest_name(name, EXPERIMENTS) == meant


@pytest.mark.parametrize(
    "name",
    [
        "subject-ask-12",
        "subject-ask-3",
        "subject-gotv-4",
        "subject-",
        "calls-morning",
        "subject-letters-3",
        "x",
        "",
        "-",
    ],
)
def test_a_name_that_only_begins_or_ends_like_another_is_not_near(name: str) -> None:
    assert nearest_name(name, EXPERIMENTS) is None


def test_no_type_and_no_experiment_is_near_to_another_that_there_is() -> None:
    for name, other in permutations(EXPERIMENTS, 2):
        assert nearest_name(name, [other]) is None


def test_the_nearest_of_several_is_named_the_first_by_name_where_they_are_alike() -> None:
    assert nearest_name("digitl", ["digitally", "digital"]) == "digital"
    assert nearest_name("gotx", ["goty", "gotv"]) == "gotv"
    assert did_you_mean("digitl", ["digital"]) == "; did you mean digital?"
    assert did_you_mean("digitl", []) == did_you_mean("digitl", ["field"]) == ""


def test_a_name_that_is_too_long_is_not_compared() -> None:
    assert nearest_name("a" * LONGEST, ["a" * LONGEST]) == "a" * LONGEST
    assert nearest_name("a" * (LONGEST + 1), ["a" * (LONGEST + 1)]) is None


@pytest.mark.parametrize(
    ("type_", "near"),
    [
        ("form.sumbitted", ["form.submitted"]),
        ("petition.signed", ["form.submitted"]),
        ("volunteer.signup", ["form.submitted"]),
        ("meeting.attended", ["rsvp.attended"]),
        ("email.spam", ["email.complained"]),
        ("gift", ["donation.made", "donation.refunded"]),
        ("zzz", []),
        ("a.b", []),
        ("", []),
    ],
)
def test_types_that_share_words_with_an_unknown_one_are_named(type_: str, near: list[str]) -> None:
    assert near_types(type_) == near


def test_no_command_is_named_for_a_word_of_its_sentence_and_never_too_many_types() -> None:
    for word in ("contact", "forgotten", "erase", "email", "record", "reported", "time"):
        found = near_types(f"{word}.{word}")
        assert len(found) <= MOST_NAMED
        assert not any(BY_NAME[type_].is_command for type_ in found), word
