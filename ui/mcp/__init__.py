"""The Model Context Protocol: programs with a model of their own ask the shop, and get everybody's answers.

Over standard input and output (:func:`serve_stdio`) and over streamable HTTP (:func:`mcp_app`). Roles, guard
and audit log are those of all surfaces; who asks comes from the surface, never from an argument. What is
hidden from a role is not listed, and gets the words of what does not exist.
"""

from __future__ import annotations

from importlib.util import find_spec

from ui.errors import CannotServe

if find_spec("mcp") is None:
    raise CannotServe("The package for MCP is missing. Install it: pip install 'shoptalk[mcp]'")

from ui.mcp.over_http import LOCAL_HOSTS, McpApp, mcp_app
from ui.mcp.over_stdio import serve_stdio

__all__ = ["LOCAL_HOSTS", "McpApp", "mcp_app", "serve_stdio"]
