"""The Gradio page and the command line: the only place where the parts are put together and settings are read."""
