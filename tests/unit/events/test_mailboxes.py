from pathlib import Path

import pytest

from events.mailboxes import _IN_MANY_COUNTRIES, _OWN, mailbox_of

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
