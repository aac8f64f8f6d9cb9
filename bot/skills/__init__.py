"""Skills: typed functions from a question to Evidence; see ``bot.skills.registry.SKILLS``."""
