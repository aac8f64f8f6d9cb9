"""Text → hits: finds reviews and past reports by meaning (FAISS) and by words (BM25).

Texts are written by strangers and stay data: nothing here interprets them. It does not summarise.
"""
