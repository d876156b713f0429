"""Who acts, and what they may do."""

from treadle.access.roles import PERMISSIONS, check_actor, default_actor, require

__all__ = ["PERMISSIONS", "check_actor", "default_actor", "require"]
