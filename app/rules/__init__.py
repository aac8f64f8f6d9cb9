"""Rules in words that the watch looks at: in whose name they are kept, and what became of them.

``store`` keeps them, ``keeping`` lets a job keep one, ``checking`` looks at the newest data and tells. What a
rule says and when it holds is ``jobs.alert``'s.
"""

from app.rules.store import KeptRule, Rules

__all__ = ["KeptRule", "Rules"]
