"""The training set of the question language: made-up shops, and questions with their statements.

Each folder in ``set/`` is one shop: ``shop.yml`` describes it, ``tables.yml`` is the recipe of its data, and
``questions.jsonl`` holds what was asked of it. ``python -m finetune.shops check`` runs every statement;
``AUTHORS.md`` says how a shop is written. Prompts and training are elsewhere.
"""

from finetune.shops.question_pairs import Pair, load_pairs

__all__ = ["Pair", "load_pairs"]
