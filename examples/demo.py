"""Open napari on a sample photo, press Run in the K-means widget, look at the result.

python examples/demo.py                        # stays open
python examples/demo.py --output demo-output   # saves a picture of the window and the results, and ends
"""

import argparse
import sys
import time
from pathlib import Path

import napari
from qtpy.QtWidgets import QApplication, QPushButton

import napari_kseg as kseg
from napari_kseg.cli.report import print_table
from napari_kseg.cli.write import staged, write_results

PATIENCE = 120  # seconds; compiling the kernels takes a few on a slow machine, once


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, metavar="DIR", help="save what there is to see here, and end")
    output = parser.parse_args().output

    viewer, widget = open_sample()
    run_button(widget).click()
    if output is None:
        print("napari is open and segments a photo. Try other numbers of clusters; close the window to end.")
        napari.run()
        return
    try:
        labels = wait_for_result(viewer)
        save(viewer, labels, output)
    except TimeoutError as error:
        sys.exit(f"demo: {error}")
    finally:
        viewer.close()


def open_sample():
    """A viewer with the sample photo, and the widget docked in it."""
    viewer = napari.Viewer()
    viewer.window.resize(1280, 800)
    viewer.open_sample("napari-kseg", "photo")
    _, widget = viewer.window.add_plugin_dock_widget("napari-kseg", "K-means Segmentation")
    return viewer, widget


def run_button(widget):
    return next(button for button in widget.native.findChildren(QPushButton) if button.text().startswith("Run"))


def wait_for_result(viewer):
    """The Labels layer that Run makes, once it is painted."""
    source = viewer.layers[0]
    wait_until(lambda: f"{source.name} clusters" in viewer.layers, "the result of the segmentation")
    viewer.reset_view()  # fit into what the widget leaves
    settle()
    return viewer.layers[f"{source.name} clusters"]


def wait_until(condition, what):
    """Let the viewer live until a condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come within {PATIENCE} seconds")
        QApplication.processEvents()
        time.sleep(0.01)


def settle(seconds=1.0):
    """Let the viewer paint, and short messages fade."""
    start = time.monotonic()
    wait_until(lambda: time.monotonic() > start + seconds, "a picture of the window")


def save(viewer, labels, folder):
    """Save the window and the results; say where."""
    segmentation = kseg.from_layer(labels)
    source = Path(f"{viewer.layers[0].name}.png")
    with staged(folder, [source]) as stage:
        names = write_results(segmentation, stage, source)
        viewer.window.screenshot(str(stage / "screenshot.png"), flash=False, canvas_only=False)
    print(f"napari opened a photo of {source.stem}, and Run in its K-means widget found these colors:\n")
    print_table(segmentation)
    print(f"\nLook at {folder / 'screenshot.png'}: that is the window as it was.")
    print(
        f"The results are beside it: {', '.join(name for name in names if '_mask_' not in name)}, and a mask per color."
    )


if __name__ == "__main__":
    main()
