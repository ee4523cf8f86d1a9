"""Which addresses on the network are the public internet's, and nobody's inside."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

_GLOBAL_UNICAST = ip_network("2000::/3")
# `is_global` alone is true for some of these (seen on CPython 3.11): they lead to other addresses, or nowhere.
_NOT_PUBLIC = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",
        "100.64.0.0/10",  # carriers' inside
        "168.63.129.16/32",  # the host's own services, in Azure
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "198.18.0.0/15",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "2001::/23",  # Teredo, ORCHID and other protocols of the IETF
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address inside
        "3fff::/20",
    )
)


def is_public(address: str) -> bool:
    """Say whether an address, as `getaddrinfo` gives it, belongs to the public internet.

    For IPv6 that is global unicast and nothing else, which leaves out every form with an IPv4 address inside.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and (found.scope_id or found not in _GLOBAL_UNICAST):
        return False
    return found.is_global and not any(found.version == network.version and found in network for network in _NOT_PUBLIC)
