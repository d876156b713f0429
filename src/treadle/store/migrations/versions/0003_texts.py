"""Words that entries can be found by, their full text index, an index of who did what, and sums by month of each.

The views are filled from the chain when it is next opened.
"""

import sqlalchemy as sa
from alembic import op

from treadle.store.fulltext import drop_index, make_index

revision = "0003"
down_revision = "0002"

_VIEWS = ("view_refs", "view_ledger", "view_versions", "view_trials", "projected")


def upgrade() -> None:
    op.create_table(
        "view_texts",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
        sa.Column("words", sa.Text, nullable=False),
    )
    make_index(op.get_bind())
    op.create_index("entries_by_actor", "entries", ["actor", "kind", "time"])
    failed = sa.text("status = 'failed'")
    op.create_index("entries_failed", "entries", ["seq"], sqlite_where=failed, postgresql_where=failed)
    for name in _VIEWS:  # all views are made anew together: none of them can be half of an earlier schema
        op.execute(f"DELETE FROM {name}")


def downgrade() -> None:
    op.execute("DELETE FROM view_ledger WHERE \"by\" IN ('who', 'what')")
    drop_index(op.get_bind())
    op.drop_index("entries_failed", "entries")
    op.drop_index("entries_by_actor", "entries")
    op.drop_table("view_texts")
