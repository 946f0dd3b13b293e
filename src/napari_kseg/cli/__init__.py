"""The command `napari-kseg`: open the viewer, or segment a file without one.

`command` holds the options and what they lead to, `read` makes an image of a file, `write` files of a result, `report`
says what came out.
"""

from .command import main

__all__ = ["main"]
