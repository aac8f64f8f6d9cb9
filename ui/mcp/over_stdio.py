"""MCP over standard input and output, for the one person who starts the program."""

from __future__ import annotations

import anyio
from mcp.server.stdio import stdio_server

from app.allowance import Allowance
from app.desk import Desk
from app.house import House
from app.person import Person
from app.settings import Settings
from ui.mcp.protocol import Calls, build_server


def serve_stdio(settings: Settings, *, shop: str | None, person: Person) -> None:
    """Serve until standard input ends. Only the protocol goes to standard output.

    Args:
        person: as whom every call is made.
    Raises:
        WrongUse, SqlError: there is no such shop or role; nothing was served.
    """
    with House(settings) as house:
        house.at(shop, person)  # what is wrong is told before the first message
        desk = Desk(house, shop, Allowance(0, 0))
        anyio.run(_serve, Calls(desk=desk, caller=lambda context: person))


async def _serve(calls: Calls) -> None:
    server = build_server(calls)
    async with stdio_server() as (received, sent):
        await server.run(received, sent, server.create_initialization_options())
