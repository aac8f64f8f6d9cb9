"""The tables of the store as this program knows them; ``app.migrations`` makes them."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Integer, MetaData, String, Table, Text

REVISIONS = ("0001", "0002")
"""The steps that made them, the last one last."""

TABLES = MetaData()
PEOPLE = Table(
    "people",
    TABLES,
    Column("name", String, primary_key=True),
    Column("role", String),
    Column("attributes", String),
)
KEYS = Table(
    "keys",
    TABLES,
    Column("id", String, primary_key=True),
    Column("person", String, ForeignKey("people.name"), nullable=False),
    Column("hash", String, nullable=False),
    Column("created_at", String, nullable=False),
    Column("expires_at", String),
    Column("revoked_at", String),
)
SESSIONS = Table(
    "sessions",
    TABLES,
    Column("digest", String, primary_key=True),
    Column("key", String, ForeignKey("keys.id"), nullable=False),
    Column("expires_at", String, nullable=False),
)
MARKS = Table("marks", TABLES, Column("name", String, primary_key=True))
"""What was once and is for ever: ``people`` when anybody was ever given a key."""
CONVERSATIONS = Table(
    "conversations",
    TABLES,
    Column("person", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("body", Text, nullable=False),
    Column("used_at", Float, nullable=False, index=True),
    Column("held_by", String),
    Column("held_until", Float),
)
"""Times are seconds since 1970."""
ANSWERS = Table(
    "answers",
    TABLES,
    Column("person", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("body", Text, nullable=False),
    Column("used_at", Float, nullable=False, index=True),
)
FEEDBACK = Table(
    "feedback",
    TABLES,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("answer", String, nullable=False, index=True),
    Column("at", String, nullable=False),
    Column("body", Text, nullable=False),
)
