"""Words, numbers, units, dates, figures with receipts and charts: how evidence is told, in chat and reports.

It knows no conversation and no job by name, asks no database and no model: what stands in a cell is
printed.
"""
