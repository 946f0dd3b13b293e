"""Make the pictures of docs/pairing.md: other plugins beside our panel, in the real window.

It needs the plugins and a display: `make pairing-pictures`, or ARGS="pairing-convpaint.png" for one of them.
"""

import os
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).parents[1]
sys.path[:0] = [str(PROJECT / "examples"), str(PROJECT / "tools")]
WEIGHTS = ".cache/torch/hub/checkpoints/vgg16-397923af.pth"
"""What convpaint downloads into the home folder before its first use, whatever features are chosen then."""


def features_table(viewer, panel):
    """The table of the Labels layer in napari's own widget, with a row selected."""
    from qtpy.QtWidgets import QTableView

    labels = viewer.layers["coins clusters"]
    dock, widget = viewer.window.add_plugin_dock_widget("napari", "Features table widget")
    put_below(viewer, dock)
    viewer.layers.selection = {labels}
    labels.show_selected_label = True
    widget.findChild(QTableView).selectRow(2)
    widget.findChild(QTableView).resizeColumnsToContents()


def napari_skimage(viewer, panel):
    """Objects, and the region properties that napari-skimage finds of them."""
    objects = extract_objects(viewer, panel, 2)
    _, widget = viewer.window.add_plugin_dock_widget("napari-skimage", "Regionprops (labels)", tabify=True)
    widget.labels_layer.value = objects
    widget.image_layer.value = viewer.layers["coins"]
    widget.properties.value = ["label", "area", "intensity_mean", "eccentricity"]
    widget.call_button.native.click()
    put_below(viewer, widget._results_dock_widget)


def napari_skimage_regionprops(viewer, panel):
    """Objects, measured by the menu Tools."""
    import demo
    from qtpy.QtWidgets import QComboBox

    objects = extract_objects(viewer, panel, 2)
    (tools,) = [entry.menu() for entry in viewer.window._qt_window.menuBar().actions() if entry.text() == "&Tools"]
    (group,) = [entry.menu() for entry in tools.actions() if entry.text() == "Measurement tables"]
    name = "Regionprops (scikit-image, nsr)"
    next(entry for entry in group.actions() if entry.text() == name).trigger()
    form = viewer.window.dock_widgets[name]
    image, labels = getattr(form, "native", form).findChildren(QComboBox)[:2]
    image.setCurrentText("coins (data)")
    labels.setCurrentText(f"{objects.name} (data)")
    press(form, "Run")
    form_dock, panel_dock, table_dock = (dock_of(viewer, title) for title in (name, "K-means", "Properties of"))
    put_below(viewer, table_dock)
    viewer.window._qt_window.tabifyDockWidget(panel_dock, form_dock)
    demo.settle(0.5)
    form_dock.raise_()


def clusters_plotter(viewer, panel):
    """Objects in the colors of their area, in the plot and on the image."""
    objects = extract_objects(viewer, panel, 2)
    objects.features = objects.features.iloc[1:]
    viewer.layers.selection = {objects}
    name = "Plot & select features"
    _, widget = viewer.window.add_plugin_dock_widget("napari-clusters-plotter", name, tabify=True)
    for box, column in (("x_axis_box", "label"), ("y_axis_box", "area"), ("hue_box", "area")):
        getattr(widget.control_widget, box).setCurrentText(column)


def napari_matplotlib(viewer, panel):
    """The table of the Labels layer as a scatter plot."""
    from qtpy.QtWidgets import QComboBox

    objects = extract_objects(viewer, panel, 2)
    _, widget = viewer.window.add_plugin_dock_widget("napari-matplotlib", "FeaturesScatter", tabify=True)
    viewer.layers.selection = {objects}
    for box, column in zip(widget.findChildren(QComboBox), ("label", "area"), strict=True):
        box.setCurrentText(column)


def napari_ome_zarr(viewer, panel):
    """A result that was written as OME-Zarr and opened again, beside the one it was made of."""
    import napari_kseg as kseg

    with tempfile.TemporaryDirectory() as folder:
        path = kseg.from_layer(viewer.layers["coins clusters"]).to_zarr(Path(folder) / "coins.ome.zarr")
        for layer in viewer.open(path, plugin="napari-ome-zarr"):
            layer.data = layer.data.compute()  # the folder does not stay
            layer.visible, layer.opacity = True, 1
    viewer.grid.enabled = True
    viewer.grid.shape = (-1, 2)


def convpaint(viewer, panel):
    """What convpaint makes of our clusters as annotations, beside them."""
    import demo

    _, widget = viewer.window.add_plugin_dock_widget("napari-convpaint", "ConvPaint", tabify=True)
    demo.wait_until(lambda: widget.qcombo_fe_type.count(), "convpaint")
    widget.qcombo_fe_type.setCurrentText("gaussian_features")
    widget.set_fe_btn.click()
    widget.image_layer_selection_widget.value = viewer.layers["coins"]
    widget.annotations_layer_selection_widget.value = viewer.layers["coins clusters"]
    widget.train_classifier_btn.click()
    widget.segment_btn.click()
    viewer.layers.remove("annotations")  # the empty layer that it adds for strokes
    viewer.layers["coins recolored"].visible = False
    viewer.layers["segmentation"].opacity = 1
    viewer.grid.enabled = True


def extract_objects(viewer, panel, label):
    """Select a cluster in our table and choose *Extract ▸ As objects*."""
    import demo

    panel._panel.table.select({label})
    menu = panel._panel.portions._extract.menu()
    next(action for action in menu.actions() if action.text() == "As objects").trigger()
    demo.wait_until(lambda: f"coins objects {label}" in viewer.layers, "objects")
    demo.settle(0.5)
    panel._panel.table.select(set())
    viewer.layers["coins clusters"].visible = False
    return viewer.layers[f"coins objects {label}"]


def press(widget, text):
    from qtpy.QtWidgets import QPushButton

    native = getattr(widget, "native", widget)
    next(button for button in native.findChildren(QPushButton) if button.text() == text).click()


def dock_of(viewer, title):
    """The dock widget whose title begins so."""
    from qtpy.QtWidgets import QDockWidget

    docks = viewer.window._qt_window.findChildren(QDockWidget)
    return next(dock for dock in docks if dock.windowTitle().startswith(title))


def put_below(viewer, dock):
    """Move a dock widget below the image, and give it a third of the window."""
    from qtpy.QtCore import Qt

    window = viewer.window._qt_window
    window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, dock)
    window.resizeDocks([dock], [window.height() // 3], Qt.Orientation.Vertical)


def picture(name, scene):
    """Segment the coins in a new window, play a scene, and save the window."""
    import demo
    import napari
    from screenshots import save
    from skimage import data

    viewer = napari.Viewer()
    viewer.window.resize(1280, 760)
    viewer.add_image(data.coins()[165:, :], name="coins")
    _, panel = viewer.window.add_plugin_dock_widget("napari-kseg", "K-means Segmentation")
    panel["n_clusters"].value = 2
    panel["min_size"].value = 200
    demo.run_button(panel).click()
    demo.wait_for_result(viewer)
    scene(viewer, panel)
    demo.settle()
    viewer.reset_view()
    demo.settle()
    save(name, viewer.window.screenshot(flash=False, canvas_only=False))
    viewer.close()


def prepare_convpaint():
    """Have weights in the home folder, of zeros where there are none: the picture is made with other features."""
    import torch  # before any window: after one, what it loads crashes where OpenGL is done in software
    from torchvision import models

    if (Path.home() / WEIGHTS).exists():
        return
    home = Path(tempfile.mkdtemp())
    with torch.device("meta"):
        wanted = models.vgg16().state_dict()
    (home / WEIGHTS).parent.mkdir(parents=True)
    torch.save({name: torch.zeros(1).expand(value.shape) for name, value in wanted.items()}, home / WEIGHTS)
    os.environ["HOME"] = str(home)


SCENES = {
    "pairing-features-table.png": features_table,
    "pairing-napari-skimage.png": napari_skimage,
    "pairing-clusters-plotter.png": clusters_plotter,
    "pairing-napari-matplotlib.png": napari_matplotlib,
    "pairing-napari-ome-zarr.png": napari_ome_zarr,
    "pairing-convpaint.png": convpaint,
    "pairing-napari-skimage-regionprops.png": napari_skimage_regionprops,  # the last: windows after it have its menu
}


def main():
    scenes = {name: scene for name, scene in SCENES.items() if not sys.argv[1:] or name in sys.argv[1:]}
    if convpaint in scenes.values():
        prepare_convpaint()
    for name, scene in scenes.items():
        if scene is napari_skimage_regionprops:
            import napari_skimage_regionprops as _  # noqa: F401  # before its window: only then there is its menu
        picture(name, scene)


if __name__ == "__main__":
    main()
