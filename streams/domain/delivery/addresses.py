"""Which addresses a request may go to: global ones, and private ones that the operator has listed."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

Network = IPv4Network | IPv6Network
HTTPS_PORTS = (443, 8443)
MAIL_PORTS = (465, 587)


def networks_of(text: str) -> list[Network] | str:
    """The networks of a list with commas, such as `10.1.0.0/16`; else what is none."""
    found: list[Network] = []
    for part in filter(None, map(str.strip, text.split(","))):
        try:
            found.append(ip_network(part))
        except ValueError:
            return part
    return found


def may_be_reached(address: str, listed: Sequence[Network]) -> bool:
    """Whether an address, as a resolver gave it or as it stands in a URL, may be connected to.

    An IPv4 address within an IPv6 one (mapped, 6to4, Teredo, NAT64) is judged by itself: what routes it goes there.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if "%" in address:  # a zone: of this machine only
        return False
    inner = [*_inner(found)]
    if not inner:
        return _is_reachable(found, listed)
    return all(_is_reachable(each, listed) for each in inner)


def url_problem(url: str, scheme: str, ports: Sequence[int]) -> str | None:
    """All that is wrong with the URL of an endpoint, without repeating it; None: nothing."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is no URL"
    return " and ".join(_url_problems(url, parts, port, scheme, ports)) or None


def _url_problems(url: str, parts: SplitResult, port: int | None, scheme: str, ports: Sequence[int]) -> Iterable[str]:
    if parts.scheme != scheme:
        yield f"does not begin with {scheme}://"
    if not parts.hostname or any(sign.isspace() or not sign.isprintable() for sign in url):
        yield "names no host"
    if parts.username is not None or parts.password is not None:
        yield "holds a user or a password"
    if (port or ports[0]) not in ports:
        yield f"has a port that is none of {', '.join(map(str, ports))}"
    if parts.fragment:
        yield "has a fragment"


def literal_address(parts: SplitResult) -> str | None:
    """The address that stands in a URL in place of a name; None: a name does."""
    try:
        return str(ip_address(parts.hostname or ""))
    except ValueError:
        return None


def _is_reachable(address: IPv4Address | IPv6Address, listed: Sequence[Network]) -> bool:
    if any(address.version == network.version and address in network for network in listed):
        return True
    if any(address.version == network.version and address in network for network in _NOT_GLOBAL):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


_NOT_GLOBAL = tuple(
    map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "fec0::/10", "3fff::/20", "5f00::/16"))
)
"""What some versions of Python take for global, or what is a cloud's own: protocol assignments, 6to4 relays, the
address of a cloud's machines for themselves, site-local addresses, examples and segment routing."""
_NAT64 = IPv6Network("64:ff9b::/96")


def _inner(address: IPv4Address | IPv6Address) -> Iterable[IPv4Address]:
    if isinstance(address, IPv4Address):
        return ()
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return address.teredo
    if address in _NAT64:
        return (IPv4Address(int(address) & 0xFFFF_FFFF),)
    return (IPv4Address(int(address)),) if int(address) < 1 << 32 else ()
