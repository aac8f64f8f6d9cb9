"""The demonstration shop: a seeded generator of 24 months of an online shop with planted truths.

Everything in it is made up; names of people, brands and products belong to nobody. It is a test bed and an
example, not a model of any real shop.
"""
