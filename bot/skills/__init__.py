"""Skills: typed functions from a question to Evidence. The visible tuple is ``bot.skills.registry.SKILLS``."""
