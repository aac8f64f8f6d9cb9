"""The tables of the store as this program knows them; ``app.migrations`` makes them."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Integer, MetaData, String, Table, Text

REVISIONS = ("0001", "0002", "0003")
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
    Column("key", String, ForeignKey("keys.id")),
    Column("expires_at", String, nullable=False),
    Column("account", String),
    Column("claims", Text),
    Column("role", String),
)
"""Browsers that are signed in: with a key, or with an account of the provider and what it said of it. The
role is the one that was chosen of several."""
SIGN_INS = Table(
    "sign_ins",
    TABLES,
    Column("digest", String, primary_key=True),
    Column("nonce", String, nullable=False),
    Column("verifier", String, nullable=False),
    Column("opens", String, nullable=False),
    Column("expires_at", String, nullable=False),
)
"""Sign-ins at the provider that have begun: each may end once."""
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
    Column("audience", String),
    Column("title", Text),
    Column("is_shared", Integer, nullable=False, default=0),
)
"""Times are seconds since 1970. Those of the page have an audience: who sees the same may be shown them."""
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
