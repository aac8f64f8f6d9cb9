"""The store's tables from version to version, by Alembic; ``app.store`` runs them, nobody else needs to."""
