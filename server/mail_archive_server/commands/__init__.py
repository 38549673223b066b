"""The commands, a file each. What they need to run is imported when they run."""


class CommandError(Exception):
    """A command that cannot go on; the text says why, and what to do."""
