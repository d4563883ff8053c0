"""Asked by address, it is judged; asked by person, the best address is, and is named."""

import pytest

from events.outputs import AddressStatus
from streams.domain.pressure import decide, worst_known_ref
from tests.unit.domain.pressure.people import EMAIL, NOON, PHONE, address, asking, default, person, policy, ruled

POLICY = default()


@pytest.mark.parametrize("status", ["hard_bounced", "complained"])
def test_a_closed_mail_address_is_denied(status: AddressStatus) -> None:
    known = person(addresses=[address("a", "email", status), address("b", "email")])
    decision = decide(known, POLICY, asking("email", ref="a"), NOON)
    assert (*ruled(decision), decision.ref) == ("deny", status, "a")


def test_a_wrong_number_is_closed_to_calls_and_texts() -> None:
    known = person(addresses=[address("a", "phone", "wrong_number")])
    for request in (asking("phone"), asking("text")):
        decision = decide(known, POLICY, request, NOON)
        assert (*ruled(decision), decision.ref) == ("deny", "wrong_number", "a")


def test_of_a_person_the_best_address_is_judged_and_named() -> None:
    known = person(
        addresses=[
            address("a", "email", "hard_bounced"),
            address("b", "email", "soft_bouncing"),
            address("d", "email"),
            address("c", "email"),
            address("a0", "phone"),
        ]
    )
    decision = decide(known, POLICY, asking("email"), NOON)
    assert (*ruled(decision), decision.ref) == ("allow", "ok", "c")
    assert decide(known, POLICY, asking("text"), NOON).ref == "a0"


def test_a_channel_without_addresses_names_none() -> None:
    assert decide(person(), POLICY, asking("door"), NOON).ref is None


@pytest.mark.parametrize("answer", ["defer", "deny"])
def test_of_an_address_that_bounces_softly_the_policy_decides(answer: str) -> None:
    known = person(addresses=[address("a", "email", "soft_bouncing")])
    decision = decide(known, policy(closures__soft_bouncing=answer), asking("email"), NOON)
    assert (*ruled(decision), decision.earliest_at) == (answer, "soft_bouncing", None)
    assert ruled(decide(known, policy(closures__soft_bouncing="allow"), asking("email"), NOON)) == ("allow", "ok")


def test_an_address_that_is_not_known_to_be_the_persons_is_judged_as_an_unknown_contact() -> None:
    decision = decide(person(), POLICY, asking("text", ref="0"), NOON)
    assert (*ruled(decision), decision.ref) == ("deny", "unknown_address", "0")
    assert ruled(decide(person(addresses=[]), POLICY, asking("phone"), NOON)) == ("deny", "unknown_address")
    assert ruled(decide(person(), POLICY, asking("email", ref="0"), NOON)) == ("allow", "ok")


def test_one_phone_serves_text_and_phone_and_no_mail() -> None:
    assert decide(person(), POLICY, asking("text", ref=PHONE), NOON).decision == "allow"
    assert decide(person(), POLICY, asking("phone", ref=PHONE), NOON).decision == "allow"
    assert decide(person(), POLICY, asking("text", ref=EMAIL), NOON).reason == "unknown_address"


def test_of_an_address_with_a_ref_for_each_key_the_worst_that_is_known_is_meant() -> None:
    known = person(addresses=[address("new", "email"), address("old", "email", "hard_bounced")])
    assert worst_known_ref(known, ["new", "old"]) == "old"
    assert worst_known_ref(known, ["new", "gone"]) == "new"
    assert worst_known_ref(known, ["other", "gone"]) == "other"
    assert worst_known_ref(None, ["new", "old"]) == "new"
    assert worst_known_ref(known, []) is None
