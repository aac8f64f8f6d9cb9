"""People, their keys and sessions, as they stood before there were steps; marks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None


def upgrade() -> None:
    """Make what is not there; a database from before is taken as it is, and had people."""
    had_people = sa.inspect(op.get_bind()).has_table("people")
    if not had_people:
        op.create_table(
            "people",
            sa.Column("name", sa.String, primary_key=True),
            sa.Column("role", sa.String),
            sa.Column("attributes", sa.String),
        )
        op.create_table(
            "keys",
            sa.Column("id", sa.String, primary_key=True),
            sa.Column("person", sa.String, sa.ForeignKey("people.name"), nullable=False),
            sa.Column("hash", sa.String, nullable=False),
            sa.Column("created_at", sa.String, nullable=False),
            sa.Column("expires_at", sa.String),
            sa.Column("revoked_at", sa.String),
        )
        op.create_table(
            "sessions",
            sa.Column("digest", sa.String, primary_key=True),
            sa.Column("key", sa.String, sa.ForeignKey("keys.id"), nullable=False),
            sa.Column("expires_at", sa.String, nullable=False),
        )
    marks = op.create_table("marks", sa.Column("name", sa.String, primary_key=True))
    if had_people:
        op.bulk_insert(marks, [{"name": "people"}])
