"""Numbers of things, as one says them."""

from numbers import Integral
from typing import Any


def counted(number: Any, thing: str) -> str:
    """Return a number with what it is a number of: "1 cluster", "2 different colors", "3 axes", "1,000 pixels".

    Parameters
    ----------
    number : int or float
        How many.
    thing : str
        What one of them is called.
    """
    said = f"{number:,}" if isinstance(number, Integral) else f"{number:g}"
    return f"{said} {plural(thing) if number != 1 else thing}"


def there_are(number: int, thing: str) -> str:
    """Return that there are so many of a thing: "there is 1 channel", "there are 3 channels"."""
    return f"there {'is' if number == 1 else 'are'} {counted(number, thing)}"


def of_all(n_done: int, n_all: int, thing: str) -> str:
    """Return how many of all things: "1 of 1 image", "2 of 3 images"."""
    return f"{n_done:,} of {counted(n_all, thing)}"


def plural(thing: str) -> str:
    """Return what several of a thing are called."""
    return f"{thing[:-2]}es" if thing.endswith("is") else f"{thing}s"
