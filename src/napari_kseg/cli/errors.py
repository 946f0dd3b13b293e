"""What the command says when it cannot do what was asked for."""


class CommandError(Exception):
    """One sentence for the person at the terminal; the command ends with status 2."""


def first_line(error: Exception) -> str:
    """Return what an error says in its first line; its kind if it says nothing."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__
