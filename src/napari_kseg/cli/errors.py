"""What the command says when it cannot do what was asked for."""


class CommandError(Exception):
    """One sentence for the person at the terminal; the command ends with status 2."""
