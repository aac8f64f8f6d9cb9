"""Reports built from checked queries, rendered, kept for search and citation.

They describe what happened in a month; they do not explain causes, and nothing in them is written by a model.
"""

from reports.passages import documents

__all__ = ["documents"]
