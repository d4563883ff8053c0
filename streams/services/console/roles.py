"""The roles that the file of people gives: what somebody works at, from which follows what they may see and do."""

from typing import Literal, get_args

Role = Literal["figures", "field", "treasury", "sending", "operations", "privacy"]
ROLES: tuple[Role, ...] = get_args(Role)
