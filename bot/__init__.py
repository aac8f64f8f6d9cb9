"""Conversation: understands a message, routes it to a skill, composes an answer with receipts.

It owns words and state. It never touches a connection, an index file or a model directly: it calls
``sql``, ``retrieval`` and ``llm``.
"""
