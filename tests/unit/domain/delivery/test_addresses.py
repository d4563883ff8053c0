import pytest

from streams.domain.delivery.addresses import HTTPS_PORTS, may_be_reached, networks_of, url_problem


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_a_global_address_may_be_reached(address: str) -> None:
    assert may_be_reached(address, [])


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "240.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "::8.8.8.8%eth0",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2001:0:7f00:1::8080:8080",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "2001:db8::1",
        "fec0::1",
        "3fff::1",
        "5f00::1",
        "192.0.0.8",
        "192.88.99.1",
        "168.63.129.16",
        "::ffff:168.63.129.16",
        "localhost",
        "",
    ],
)
def test_an_address_that_is_not_global_may_not_be_reached(address: str) -> None:
    assert not may_be_reached(address, [])


def test_a_private_network_that_is_listed_may_be_reached_and_no_other() -> None:
    listed = networks_of("10.1.0.0/16, fd00::/8")
    assert not isinstance(listed, str)
    reached = [may_be_reached(each, listed) for each in ("10.1.2.3", "::ffff:10.1.2.3", "fd00::7", "10.2.0.1", "::1")]
    assert reached == [True, True, True, False, False]


def test_what_is_no_network_is_named() -> None:
    assert networks_of("10.0.0.0/8,10.0.0.1/8") == "10.0.0.1/8"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://e.example/hook", None),
        ("https://e.example:8443", None),
        ("http://e.example", "does not begin with https://"),
        ("https://e.example:22", "has a port that is none of 443, 8443"),
        ("https://e.example:99999", "is no URL"),
        ("https://[::1", "is no URL"),
        ("https:///hook", "names no host"),
        ("https://e.example/ hook", "names no host"),
        ("https://a@e.example", "holds a user or a password"),
        ("https://e.example/#x", "has a fragment"),
    ],
)
def test_a_url_that_cannot_be_used_is_told(url: str, problem: str | None) -> None:
    assert url_problem(url, "https", HTTPS_PORTS) == problem
