"""Sums by month for each person and subject: the views are made anew from the chain when it is next opened to write."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("UPDATE projected SET size = 0")


def downgrade() -> None:
    op.execute("DELETE FROM view_ledger WHERE \"by\" IN ('who', 'what')")
