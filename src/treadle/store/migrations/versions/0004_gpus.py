"""GPU-seconds in the sums of the ledger, and those of them that are in no price.

The views are filled from the chain when it is next opened.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_COLUMNS = ("gpu_seconds", "gpu_unpriced")
_VIEWS = ("view_refs", "view_ledger", "view_versions", "view_trials", "view_texts", "projected")


def upgrade() -> None:
    # all views are made anew together: a catalog that was taken back to 0003 may have entries with GPUs already
    for name in _VIEWS:
        op.execute(f"DELETE FROM {name}")
    for name in _COLUMNS:
        op.add_column("view_ledger", sa.Column(name, sa.Float, nullable=False, server_default="0"))


def downgrade() -> None:
    for name in _COLUMNS:
        op.drop_column("view_ledger", name)
