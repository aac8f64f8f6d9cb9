"""Shoptalk over HTTP: JSON, event streams and OpenAI's shape, behind people's keys; the page in one process.

Thin: what is asked goes to ``app.desk``. Not covered: TLS (put a proxy in front), single sign-on.
"""
