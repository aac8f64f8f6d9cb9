"""Rules in words that the watch looks at: in whose name they are kept, and what became of them.

``rule_store`` keeps them, ``keeping`` lets a job keep one, ``adding`` reads one from the command line and
``rule_watch`` looks at the newest data and tells. What a rule says and when it holds is ``jobs.notify``'s.
"""

from app.rules.rule_store import KeptRule, Rules

__all__ = ["KeptRule", "Rules"]
