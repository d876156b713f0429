"""Bookings in the sums of their month, also where an earlier version kept their day as 20261110 or 2026-W46-2.

The views are filled from the chain when it is next opened.
"""

from alembic import op

revision = "0005"
down_revision = "0004"

_VIEWS = ("view_refs", "view_ledger", "view_versions", "view_trials", "view_texts", "projected")


def upgrade() -> None:
    _empty()


def downgrade() -> None:
    _empty()  # the version before had other sums of the same entries


def _empty() -> None:
    for name in _VIEWS:
        op.execute(f"DELETE FROM {name}")
