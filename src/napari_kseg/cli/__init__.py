"""The command `napari-kseg`: open the viewer, or segment a file without one.

`command` holds the options, `run` does what they say, `write` makes files of a result, `report`
says what came out.
"""

from .command import main

__all__ = ["main"]
