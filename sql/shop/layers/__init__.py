"""Descriptions that a shop's people wrote for other semantic layers, as a first ``shop.yml``.

``read_layer`` reads a project's files into plain data (``layer``), ``shop_of_layer`` makes a shop of it that
opens on a database. What has no form is left out, and told with its place and the reason. Files are data: no
template is rendered and no code is run, and SQL in them passes the checks of a ``shop.yml``.
"""

from __future__ import annotations

from sql.shop.layers.importing import Imported, shop_of_layer
from sql.shop.layers.layer import Layer, LeftOut
from sql.shop.layers.projects import read_layer

__all__ = ["Imported", "Layer", "LeftOut", "read_layer", "shop_of_layer"]
