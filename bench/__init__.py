"""Measurements: ``python -m bench`` runs all, ``python -m bench.NAME`` one. Raw results go to build/bench/.

No part of the installed package: run it from a checkout.
"""
