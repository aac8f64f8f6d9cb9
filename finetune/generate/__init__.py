"""Made-up questions about any described shop, in English and Chinese: ``generate`` is the one way in."""

from finetune.generate.pairs import KINDS, Pair, generate

__all__ = ["KINDS", "Pair", "generate"]
