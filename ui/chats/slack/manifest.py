"""The description that makes the app in Slack: its name, what it may do and hear."""

from __future__ import annotations

from importlib import resources

EVENTS = "/slack/events"
"""Path of the server at which all deliveries arrive."""


def manifest(address: str | None = None) -> str:
    """As YAML, to be pasted into Slack.

    Args:
        address: of the server, such as ``https://shop.example``, for the Events API; ``None``: Socket Mode.
    """
    import yaml

    text = resources.files("ui.chats.slack").joinpath("manifest.yml").read_text("utf-8")
    if address is None:
        return text
    described = yaml.safe_load(text)
    url = address.rstrip("/") + EVENTS
    settings, features = described["settings"], described["features"]
    settings["socket_mode_enabled"] = False
    settings["event_subscriptions"]["request_url"] = url
    settings["interactivity"]["request_url"] = url
    for command in features["slash_commands"]:
        command["url"] = url
    return str(yaml.safe_dump(described, sort_keys=False, allow_unicode=True))
