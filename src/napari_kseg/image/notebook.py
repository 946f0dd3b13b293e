"""What notebooks show of a result: small pictures and a table, as HTML that takes the colors of any theme."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from .channel_stack import ChannelStack
from .marks import with_given
from .pixels import Array, names_of_channels
from .plot import middle_plane, pictures
from .recolor import hex_color, shown_colors
from .wording import counted

if TYPE_CHECKING:
    from .choose import Suggestion
    from .clusters import Clusters
    from .model import Model
    from .routes import Floats

MAX_SIDE = 160
"""Pixels of a picture's longer side."""
MAX_ROWS = 20
"""Clusters that are listed."""
MAX_CHANNELS = 6
"""Channels of which centroids are listed."""
LARGE = 8_000
"""Bytes of a PNG from which on a JPEG is taken."""
BOX = "display:inline-block;width:2.5em;height:1em;border:1px solid currentColor;vertical-align:middle"


def html_of_segmentation(seg: "Clusters") -> str:
    """Return pictures and table of a segmentation; nothing of a lazy image is computed for it."""
    shape = " × ".join(map(str, seg.labels.shape))
    ending = f"inertia {seg.inertia:.6g}" + ("" if seg.converged else ", ended by max_iter")
    head = f"<b>Segmentation</b> of {shape} pixels into {counted(seg.n_clusters, 'cluster')}, {ending}"
    rows = [
        [f"{count:,}", f"{fraction:.1%}", *_numbers(centroid)]
        for count, fraction, centroid in zip(seg.counts, seg.fractions, seg.centroids, strict=True)
    ]
    columns = ["count", "share", *_channels(seg.channel_names)]
    return _block(head, _pictures(seg), _table(seg.colors(), seg.model.names, columns, rows))


def html_of_model(model: "Model") -> str:
    """Return the table of a model."""
    provenance = model.provenance
    shape = " × ".join(map(str, provenance.get("shape", ())))
    found = f", found in {shape} pixels of {provenance['dtype']}" if shape and "dtype" in provenance else ""
    by_hand = ". It does not repeat what was painted by hand." if model.hand_edited else ""
    head = f"<b>Model</b> of {counted(model.n_clusters, 'cluster')}{escape(found + by_hand)}"
    names = names_of_channels(model.centroids.shape[1], model.rgb)
    dtype = np.dtype(provenance.get("dtype", np.float64))
    colors = with_given(shown_colors(model.centroids, model.rgb, dtype), model.colors)
    return _block(head, "", _table(colors, model.names, _channels(names), map(_numbers, model.centroids)))


def html_of_suggestion(suggestion: "Suggestion") -> str:
    """Return the number that is recommended, the reason, and the scores."""
    scores = suggestion.scores
    body = []
    for row in scores.itertuples(index=False):
        weight = ";font-weight:bold" if int(row[0]) == suggestion.n_clusters else ""
        body.append(_row([f"{int(row[0])}", *(f"{value:.4g}" for value in row[1:])], weight))
    table = f"<table>{_row(scores.columns, tag='th')}{''.join(body)}</table>"
    return _block(f"<b>Suggestion</b>: {escape(suggestion.reason)}", "", table)


def _block(head: str, figures: str, table: str) -> str:
    return f"<div><div>{head}</div>{figures}{table}</div>"


def _pictures(seg: "Clusters") -> str:
    """Image and clusters side by side; for an image that is not in memory, a sentence."""
    image = seg.pixels.image
    arrays = image.arrays if isinstance(image, ChannelStack) else [image]
    if seg.is_lazy or not all(isinstance(array, np.ndarray) for array in arrays):
        return "<div>The image is not in memory; no part of it is read for a picture.</div>"
    figures = []
    for title, picture in pictures(seg, *middle_plane(seg, MAX_SIDE)).items():
        source = _source(np.rint(255 * picture).astype(np.uint8))
        style = f"max-width:none;image-rendering:pixelated;width:{max(1, picture.shape[1])}px"
        figures.append(f'<img src="{source}" alt="{escape(title)}" title="{escape(title)}" style="{style}"> ')
    return f'<div style="margin:0.5em 0">{"".join(figures)}</div>'


def _source(picture: Array) -> str:
    """Address that is the picture itself: PNG, which keeps few colors as they are, or JPEG, if many make that large."""
    from imageio import v3 as imageio

    kind, data = "png", imageio.imwrite("<bytes>", picture, extension=".png")
    if len(data) > LARGE:
        kind, data = "jpeg", imageio.imwrite("<bytes>", picture, extension=".jpg", quality=75)
    return f"data:image/{kind};base64,{b64encode(data).decode()}"


def _table(colors: "Floats", names: Sequence[str], columns: list[str], rows: Iterable[Sequence[str]]) -> str:
    """Table with a swatch for each cluster."""
    lines = [_row(["", "label", "name", *columns], tag="th")]
    for label, (color, name, cells) in enumerate(zip(colors, names, rows, strict=True), 1):
        if label > MAX_ROWS:
            break
        swatch = f'<td><span style="{BOX};background:{hex_color(color)}"></span></td>'
        lines.append(f"<tr>{swatch}{_cells([str(label), name or f'cluster {label}', *cells])}</tr>")
    more = f"<div>and {len(names) - MAX_ROWS} more</div>" if len(names) > MAX_ROWS else ""
    return f"<table>{''.join(lines)}</table>{more}"


def _row(cells: Iterable[str], style: str = "", tag: str = "td") -> str:
    return f"<tr>{_cells(cells, style, tag)}</tr>"


def _cells(cells: Iterable[str], style: str = "", tag: str = "td") -> str:
    """Cells of text, of which none is taken for HTML."""
    return "".join(
        f'<{tag} style="text-align:right;white-space:nowrap;padding:0 0.5em{style}">{escape(str(cell))}</{tag}>'
        for cell in cells
    )


def _channels(names: Sequence[str]) -> list[str]:
    return [*names[:MAX_CHANNELS], *(["…"] if len(names) > MAX_CHANNELS else [])]


def _numbers(centroid: "Floats") -> list[str]:
    shown = [f"{value:,.0f}" if 1e3 <= abs(value) < 1e7 else f"{value:.4g}" for value in centroid[:MAX_CHANNELS]]
    return [*shown, *(["…"] if len(centroid) > MAX_CHANNELS else [])]
