"""Skills: typed functions from a question to Evidence; ``bot.skills.registry.SKILLS`` is the visible tuple."""
