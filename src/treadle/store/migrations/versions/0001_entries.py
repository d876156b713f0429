"""The evidence chain."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _text(length: int) -> sa.String:
    """Texts compare by their code points in every database, as in SQLite: kinds are found by ranges."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "entries",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
        sa.Column("id", _text(32), nullable=False, unique=True),
        sa.Column("kind", _text(64), nullable=False),
        sa.Column("subject", _text(255), nullable=False),
        sa.Column("run", _text(32), nullable=False),
        sa.Column("time", _text(32), nullable=False),
        sa.Column("actor", _text(128), nullable=False),
        sa.Column("status", _text(16), nullable=False),
        sa.Column("cache_key", _text(64), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("prev", _text(64), nullable=False),
        sa.Column("hash", _text(64), nullable=False),
    )
    for name in ("kind", "subject", "run", "cache_key"):
        op.create_index(f"entries_by_{name}", "entries", [name, "seq"])


def downgrade() -> None:
    op.drop_table("entries")
