"""Who may do what: roles and the one table of permissions, tokens, local logins, and the door of a server.

It does not say who a project's people are (`brief.people` does) nor keep what anybody did (the record does).
"""

from treadle.access.local import check_actor, local_principal, login, people
from treadle.access.permissions import (
    RULES,
    Permission,
    Resource,
    Rule,
    authorise,
    is_loopback,
    may,
    resource_of,
    roles_of,
)

__all__ = [
    "RULES",
    "Permission",
    "Resource",
    "Rule",
    "authorise",
    "check_actor",
    "is_loopback",
    "local_principal",
    "login",
    "may",
    "people",
    "resource_of",
    "roles_of",
]
OPEN = ("changes", "door", "refusals", "tokens")
