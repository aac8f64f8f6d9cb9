"""What may run: the guard and its rules, and the one function that runs what it let through.

One way in: ``guard.Guard.check`` turns text into a ``CheckedQuery``, and ``run.run`` accepts nothing else.
The databases have locks of their own (``sql.databases``). Nothing here writes SQL or decides what a question
means.
"""
