"""Views projected from the chain, and its Merkle tiles. They are filled from the chain when it is next written to."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_SEQ = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _text(length: int) -> sa.String:
    """Texts compare by their code points in every database, as in SQLite."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _small(table: str, length: int, value: str) -> None:
    """A table of numbers by name."""
    name = sa.Column("name", _text(length), primary_key=True)
    op.create_table(table, name, sa.Column(value, _SEQ, nullable=False))


def upgrade() -> None:
    op.create_index("entries_by_hash", "entries", ["hash"])
    _small("projected", 16, "size")
    op.create_table(
        "log_tiles",
        sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", _SEQ, primary_key=True, autoincrement=False),
        sa.Column("hashes", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "view_refs",
        sa.Column("seq", _SEQ, nullable=False),
        sa.Column("made", sa.Integer, nullable=False),
        sa.Column("content", _text(64), nullable=False),
        sa.Column("name", _text(255), nullable=False),
    )
    for name, columns in (("content", ["content", "made", "seq"]), ("name", ["name", "seq"])):
        op.create_index(f"view_refs_by_{name}", "view_refs", columns)
    op.create_table(
        "view_ledger",
        sa.Column("by", _text(8), primary_key=True),
        sa.Column("name", _text(255), primary_key=True),
        sa.Column("currency", _text(3), primary_key=True),
        sa.Column("steps", _SEQ, nullable=False),
        sa.Column("unpriced", _SEQ, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("cpu_seconds", sa.Float, nullable=False),
        sa.Column("peak_mb", sa.Float, nullable=False),
        sa.Column("written_bytes", _SEQ, nullable=False),
        sa.Column("units", _SEQ, nullable=False),
        sa.Column("nanos", _SEQ, nullable=False),
        sa.Column("last", _SEQ, nullable=False),
    )
    op.create_index("view_ledger_by_last", "view_ledger", ["by", "last"])
    op.create_table(
        "view_versions",
        sa.Column("model", _text(160), primary_key=True),
        sa.Column("project", _text(128), nullable=False),
        sa.Column("bundle", _text(64), nullable=False),
        sa.Column("seq", _SEQ, nullable=False),
    )
    op.create_index("view_versions_by_project", "view_versions", ["project", "seq"])
    op.create_table(
        "view_trials",
        sa.Column("seq", _SEQ, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("project", _text(255), nullable=False),
        sa.Column("run", _text(32), nullable=False),
        sa.Column("family", _text(64), nullable=False),
        sa.Column("metric", _text(64), nullable=False),
        sa.Column("value", sa.Float, nullable=False),
        sa.Column("state", _text(16), nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
    )
    for name, columns in (("run", ["run"]), ("project", ["project", "seq"])):
        op.create_index(f"view_trials_by_{name}", "view_trials", columns)
    _small("numbers", 160, "last")


def downgrade() -> None:
    for name in ("numbers", "view_trials", "view_versions", "view_ledger", "view_refs", "log_tiles", "projected"):
        op.drop_table(name)
    op.drop_index("entries_by_hash", "entries")
