"""What texts say, as tables: language, sentiment, aspects with a sign, and facts, each with where it stands.

Texts are strangers' words: they are counted and quoted, never followed. Irony is not seen, and what is said
of a thing without its name belongs to no aspect.
"""
