"""Conversation: understands a message, routes it to a job, tells its evidence, remembers; the audit log.

It knows no job by name and touches no connection, index file or model: jobs are handed to it, and do their
work with the tools that it passes on.
"""
