"""Make the pictures of docs/user-guide.md from the real window, and the film of live dragging in the README.

It needs a display; without one: tools/with-display.sh --virtual python tools/guide_pictures.py
"""

import sys
from pathlib import Path

from PIL import Image
from qtpy.QtWidgets import QPushButton, QSlider

PROJECT = Path(__file__).parents[1]
sys.path[:0] = [str(PROJECT / "examples"), str(PROJECT / "tools")]

FILM_WIDTH = 800
"""Pixels; what a README shows."""
FRAME_TIME = 450
"""Milliseconds of a frame."""
MAX_FILM_BYTES = 1_500_000


def main():
    import demo
    from screenshots import save

    viewer, widget = demo.open_sample()
    viewer.window.resize(1280, 900)
    demo.settle(2)
    viewer.reset_view()
    demo.settle()
    demo.run_button(widget).click()
    demo.wait_for_result(viewer)
    save("guide-result.png", window(viewer))
    film(viewer, widget, demo)

    table, portions = widget._panel.table, widget._panel.portions
    widget["n_clusters"].value = 5
    demo.run_button(widget).click()
    finish(widget, demo)
    table.select({3})
    demo.settle()
    save("guide-selected.png", window(viewer))
    table.select({2, 3})
    portions._merge.click()
    finish(widget, demo)
    table.select({2})
    portions._extract.menu().actions()[0].trigger()
    finish(widget, demo)
    viewer.layers[-1].name = "cup and saucer"
    for layer in viewer.layers[:-1]:
        layer.visible = False
    table.select(set())
    demo.settle()
    save("guide-portions.png", window(viewer))
    viewer.layers.remove("cup and saucer")
    viewer.layers["coffee"].visible = True
    widget._recipe.section.expand(animate=False)
    demo.settle()
    save("guide-recipe.png", grab(widget.native))
    widget._recipe.section.collapse(animate=False)
    plots = widget._panel.plots
    plots.colors.expand(animate=False)
    plots.choice.expand(animate=False)
    plots._try.click()
    finish(widget, demo)
    viewer.window.resize(1280, 1300)
    demo.settle()
    save("guide-plots.png", grab(plots))
    viewer.close()


def film(viewer, widget, demo):
    """Drag the slider from 2 to 8 clusters and back, with Live ticked."""
    slider = widget.native.findChild(QSlider)
    widget._live.value = True
    frames = []
    for number in (2, 3, 4, 5, 6, 7, 8, 7, 6, 5, 4, 3):
        slider.setValue(number)
        finish(widget, demo, 0.5)
        frame = Image.fromarray(window(viewer)).convert("RGB")
        size = FILM_WIDTH, round(frame.height * FILM_WIDTH / frame.width)
        frames.append(frame.resize(size, Image.Resampling.LANCZOS).quantize(128, dither=Image.Dither.NONE))
    widget._live.value = False
    path = PROJECT / "docs" / "images" / "live.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=FRAME_TIME, loop=0, optimize=True)
    if path.stat().st_size > MAX_FILM_BYTES:
        sys.exit(f"{path} has {path.stat().st_size} bytes, more than {MAX_FILM_BYTES}")
    print(f"{path.relative_to(PROJECT)}: {len(frames)} frames, {path.stat().st_size // 1000} KB")


def finish(widget, demo, seconds=1.0):
    """Wait until nothing is computed any more, and let the viewer paint."""
    demo.settle(0.2)
    buttons = {button.text(): button for button in widget.native.findChildren(QPushButton)}
    demo.wait_until(lambda: not buttons["Cancel"].isEnabled(), "the end of the computation")
    demo.settle(seconds)


def window(viewer):
    """The whole window as an array."""
    return viewer.window.screenshot(flash=False, canvas_only=False)


def grab(widget):
    """A widget as a picture."""
    image = widget.grab().toImage().convertToFormat(_rgb())
    pixels = image.constBits()
    pixels.setsize(image.sizeInBytes())
    size = image.width(), image.height()
    return Image.frombuffer("RGB", size, bytes(pixels), "raw", "RGB", image.bytesPerLine(), 1)


def _rgb():
    from qtpy.QtGui import QImage

    return QImage.Format.Format_RGB888


if __name__ == "__main__":
    main()
