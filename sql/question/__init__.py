"""A question's words become links: which views, metrics, columns, values, periods and numbers they mean.

Rules and lists only, no model. What is made of the links is ``sql.statement``'s business.
"""
