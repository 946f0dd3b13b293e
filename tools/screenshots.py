"""Make the pictures of the README from the real window: docs/images/before.png, after.png and centroids.png.

It needs a display; without one: tools/with-display.sh --virtual python tools/screenshots.py
"""

import io
import sys
from pathlib import Path

from PIL import Image

PROJECT = Path(__file__).parents[1]
IMAGES = PROJECT / "docs" / "images"
MAX_BYTES = 400_000  # for a page that loads at once
sys.path.insert(0, str(PROJECT / "examples"))


def main():
    import demo

    import napari_kseg as kseg

    viewer, widget = demo.open_sample()
    demo.settle()
    viewer.reset_view()
    demo.settle()
    save("before.png", viewer.window.screenshot(flash=False, canvas_only=False))
    demo.run_button(widget).click()
    labels = demo.wait_for_result(viewer)
    save("after.png", viewer.window.screenshot(flash=False, canvas_only=False))
    figure = io.BytesIO()
    kseg.from_layer(labels).plot().savefig(figure)
    save("centroids.png", Image.open(figure))
    viewer.close()


def save(name, picture):
    """Write a picture with the fewest bytes that do not show: 255 colors if it is large otherwise."""
    image = (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).convert("RGB")
    path = IMAGES / name
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, optimize=True)
    if path.stat().st_size > MAX_BYTES:
        image.quantize(255, kmeans=1).save(path, optimize=True)
    if path.stat().st_size > MAX_BYTES:
        sys.exit(f"{path} has {path.stat().st_size} bytes, more than {MAX_BYTES}")
    print(f"{path.relative_to(PROJECT)}: {image.width} x {image.height}, {path.stat().st_size // 1000} KB")


if __name__ == "__main__":
    main()
