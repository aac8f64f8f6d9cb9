"""Runs the steps over the connection that ``app.team_store`` brings, in its transaction."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
