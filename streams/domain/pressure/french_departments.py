"""The department of a French postcode, and the country whose clocks a department goes by.

A postcode is five digits, of which the first two name the department: `75011` is in `75`. Overseas it is three, and of
Corsica, whose postcodes begin with `20`, the third tells its two departments. Of military post, whose codes begin with
`00`, and of Monaco (`980`) no department is known. `CEDEX`, business mail, may follow. A few
communes are served from another department than their own; within one clock that makes no difference.
"""

import re

_is_postcode = re.compile(r"(?:FR?-?)?(\d{5})(?:CEDEX\d{0,2})?", re.ASCII | re.IGNORECASE).fullmatch
_OVERSEAS = {
    "971": "GP",
    "972": "MQ",
    "973": "GF",
    "974": "RE",
    "975": "PM",
    "976": "YT",
    "977": "BL",
    "978": "MF",
    "984": "TF",
    "986": "WF",
    "987": "PF",
    "988": "NC",
}
"""The code of the country (ISO 3166-1) that each department or territory overseas has besides."""
_FORMER = {"GUA": "GP", "LRE": "RE", "MAY": "YT"}
"""The regions overseas as ISO 3166-2 had them until 2020, beside their departments."""
_REGIONS = frozenset("ARA BFC BRE COR CVL GES HDF IDF NAQ NOR OCC PAC PDL 20R 6AE 69M 75C".split())
"""What ISO 3166-2 has on the mainland and in Corsica that is no department."""
_METROPOLITAN = frozenset(f"{number:02}" for number in range(1, 96) if number != 20)
_DEPARTMENTS = frozenset({"FR", "GF", "GP", "MQ", "RE", "YT"})
FRENCH_COUNTRIES = frozenset({"FR", *_OVERSEAS.values()})


def department_of(postcode: str) -> str | None:
    """The department of `75011` is `75`, of `97400` `974`, of `20200` `2B`; None for what is no French postcode."""
    match = _is_postcode("".join(postcode.split()))
    if match is None:
        return None
    code = match[1]
    if code.startswith("20"):
        return "2A" if code[2] in "01" else "2B"
    if code[:3] in _OVERSEAS:
        return code[:3]
    return code[:2] if code[:2] in _METROPOLITAN else None


def countries_of(part: str) -> frozenset[str]:
    """Whose clocks a part of France may go by: `RE` for `974`, `RE` and `LRE`, `FR` for what is on the mainland.

    Of a part that nobody knows those of the mainland and of the departments overseas.
    """
    if part in _OVERSEAS or part in _FORMER:
        return frozenset({(_OVERSEAS | _FORMER)[part]})
    if part in FRENCH_COUNTRIES:
        return frozenset({part})
    is_metropolitan = part in _METROPOLITAN or part in _REGIONS or part in ("2A", "2B")
    return frozenset({"FR"}) if is_metropolitan else _DEPARTMENTS
