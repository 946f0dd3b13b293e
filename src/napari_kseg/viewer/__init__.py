"""Viewer floor: napari layers in, napari layers out, and the widget around them."""
