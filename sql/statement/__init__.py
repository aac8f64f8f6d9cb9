"""Links become a statement: by rules, or by a model under a grammar that knows only what the question may
mean.

Nothing written here has been checked; what may run is decided in ``sql.lock``.
"""
