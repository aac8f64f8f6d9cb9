"""Scheduled and on-demand reports: built from checked queries, rendered, kept for search and citation."""
