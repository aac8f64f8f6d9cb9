"""A shop's description (``shop.yml``): read, checked, guessed from a database, written; and a shop opened.

The description as plain data is ``sql.semantics``; what a role may do with it is held in ``sql.lock``.
"""
