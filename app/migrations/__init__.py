"""The store's tables from version to version, by Alembic; ``app.team_store`` runs them."""
