"""Sign-in by a provider, the role that was chosen, and what the page lists of conversations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"


def upgrade() -> None:
    """Add what is new; sessions and conversations that are there stay as they are."""
    with op.batch_alter_table("sessions") as sessions:
        sessions.alter_column("key", existing_type=sa.String, nullable=True)
        sessions.add_column(sa.Column("account", sa.String))
        sessions.add_column(sa.Column("claims", sa.Text))
        sessions.add_column(sa.Column("role", sa.String))
    op.create_table(
        "sign_ins",
        sa.Column("digest", sa.String, primary_key=True),
        sa.Column("nonce", sa.String, nullable=False),
        sa.Column("verifier", sa.String, nullable=False),
        sa.Column("opens", sa.String, nullable=False),
        sa.Column("expires_at", sa.String, nullable=False),
    )
    op.add_column("conversations", sa.Column("audience", sa.String))
    op.add_column("conversations", sa.Column("title", sa.Text))
    op.add_column(
        "conversations", sa.Column("is_shared", sa.Integer, nullable=False, server_default=sa.text("0"))
    )
