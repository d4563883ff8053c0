"""What the topics say of people who are linked and parted."""

from events.topics import CONTACT_FRAGMENTS, CONTACT_LINKS, CONTACT_STATE
from tests.unit.worker.links.town import ADA, BO, BY_EMAIL, Town


def header(town: Town, topic: str, key: str, name: str) -> str | None:
    value = town.latest(topic, key).headers.get(name)
    return None if value is None else value.decode()


def test_who_is_absorbed_has_a_null_record_that_says_into_whom() -> None:
    town = Town()
    town.say("email.opened", ADA)
    town.say("donation.made", BO)
    town.link("crm.bo", "crm.ada")

    assert town.latest(CONTACT_STATE, "crm.bo").value is None
    assert header(town, CONTACT_STATE, "crm.bo", "reason") == "merged"
    assert header(town, CONTACT_STATE, "crm.bo", "merged_into") == "crm.ada"
    assert town.latest(CONTACT_LINKS, "crm.bo").json == {"merged_into": "crm.ada"}
    assert town.profile("crm.ada")["counts"] == {"email.opened": 1, "donation.made": 1}
    assert town.profile("crm.ada")["merged_from"] == ["crm.bo"]


def test_a_contact_under_another_canonical_id_has_a_null_record_that_names_it() -> None:
    town = Town()
    town.say("email.opened", {"contact_id": "crm.cy"})
    town.link("crm.cy", "crm.bo")
    town.link("crm.bo", "crm.ada")

    assert header(town, CONTACT_STATE, "crm.cy", "merged_into") == "crm.ada"
    assert town.latest(CONTACT_LINKS, "crm.cy").json == {"merged_into": "crm.ada"}


def test_who_was_never_heard_of_is_linked_and_nothing_else() -> None:
    town = Town()
    town.say("email.opened", {**ADA, **BY_EMAIL})

    email = town.hashed(BY_EMAIL)
    assert town.latest(CONTACT_LINKS, email).json == {"merged_into": "crm.ada"}
    assert email not in town.world.latest[CONTACT_STATE]
    assert town.world.latest[CONTACT_FRAGMENTS] == {}
    assert town.profile("crm.ada")["merged_from"] == []


def test_an_unlink_shows_both_again_with_what_came_in_between() -> None:
    town = Town()
    town.say("email.opened", ADA)
    town.say("donation.made", BO)
    town.link("crm.ada", "crm.bo", "2012-02-20T10:00:00Z")
    town.say("text.replied", BO)
    town.unlink("crm.ada", "crm.bo", "2012-02-21T10:00:00Z")

    assert town.profile("crm.ada")["counts"] == {"email.opened": 1}
    assert town.profile("crm.bo")["counts"] == {"donation.made": 1, "text.replied": 1}
    assert town.latest(CONTACT_LINKS, "crm.bo").value is None
    assert town.latest(CONTACT_FRAGMENTS, "crm.ada/crm.bo").value is None


def test_an_id_that_only_a_command_named_is_forgotten_by_the_unlink() -> None:
    town = Town()
    town.say("email.opened", BO)
    town.link("crm.ada", "crm.bo", "2012-02-20T10:00:00Z")
    assert town.profile("crm.ada")["merged_from"] == ["crm.bo"]

    town.unlink("crm.ada", "crm.bo", "2012-02-21T10:00:00Z")

    assert town.world.profiles().keys() == {"crm.bo"}
    assert header(town, CONTACT_STATE, "crm.ada", "reason") == "forgotten"
    assert header(town, CONTACT_STATE, "crm.ada", "merged_into") is None


def test_a_chain_has_one_canonical_id_and_never_a_weaker_one() -> None:
    town = Town()
    for number in range(4):
        town.say("email.opened", {"contact_id": f"crm.{number}"})
    for one, other in (("crm.3", "crm.2"), ("crm.2", "crm.1"), ("crm.1", "crm.0"), ("crm.0", "crm.3")):
        town.link(one, other)
    town.link("crm.0", town.hashed(BY_EMAIL))

    assert town.world.profiles().keys() == {"crm.0"}
    assert town.profile("crm.0")["merged_from"] == ["crm.1", "crm.2", "crm.3"]
    assert town.world.merged()[town.hashed(BY_EMAIL)] == "crm.0"


def test_couples_who_share_an_address_stay_two() -> None:
    town = Town()
    for number in (1, 2):
        town.say("email.opened", {"voter_id": f"NY:{number}", **BY_EMAIL})

    assert town.world.merged() == {}
    assert len(town.world.profiles()) == 2


def test_voters_whom_only_commands_link_still_conflict() -> None:
    """A voter id alone names nobody else, so its class is told as soon as it is linked."""
    town = Town()
    voters = [town.hashed({"voter_id": f"NY:{number}"}) for number in (1, 2)]
    for number in (1, 2):
        town.say("email.opened", {"voter_id": f"NY:{number}"})
    town.link(voters[0], town.hashed(BY_EMAIL))
    town.say("email.opened", {"voter_id": "NY:2", **BY_EMAIL})

    assert set(town.world.profiles()) == set(voters)


def test_a_suppression_of_any_name_binds_the_person_and_is_open_again_with_its_retraction() -> None:
    town = Town()
    town.say("email.opened", {**ADA, **BY_EMAIL})
    stop = town.say("contact.suppressed", BY_EMAIL)
    assert town.world.closed().keys() == {"crm.ada"}

    town.retract(stop, ADA)

    assert town.world.closed() == {}


def test_a_suppression_goes_with_its_name() -> None:
    town = Town()
    town.say("email.opened", ADA)
    town.say("contact.suppressed", BO)
    assert town.world.closed().keys() == {"crm.bo"}

    town.link("crm.ada", "crm.bo", "2012-02-20T10:00:00Z")
    assert town.world.closed().keys() == {"crm.ada"}

    town.unlink("crm.ada", "crm.bo", "2012-02-21T10:00:00Z")
    assert town.world.closed().keys() == {"crm.bo"}
