"""Question → checked SQL → rows.

Knows the shop's description (``shop.yml``), drafts SQL with a language model under a grammar, refuses what
may not run, and runs the rest read-only within a budget. It does not talk: words are made in ``bot``.
"""
