"""Opens shops for people: settings, people and roles, engines and texts shared, assistants made on demand.

Every surface (page, terminal) comes here with who asks and gets answers. Nothing here shows anybody anything
beyond lines on standard error. It puts together what the packages below make, and holds no rule of theirs.
"""
