"""Language-model engines behind one protocol: weights, decoding under a grammar, adapters.

This package knows nothing of shops or SQL: it takes a prompt and a grammar and returns text with
log-probabilities. It never decides what to ask, and never executes what a model wrote.
"""
