# %% [markdown]
# # A whole slide: fit a small level, label the large one
#
# A slide of a scanner is a pyramid: the same image at several resolutions. Clusters are found in a level that fits into
# memory, and its model labels any other level, a tile at a time, when it is looked at.

# %%
import dask.array as da
import matplotlib.pyplot as plt
import numpy as np
import skimage.data

import napari_kseg as kseg

# %% [markdown]
# A stand-in for a slide: stained tissue, repeated and enlarged to 4096 × 4096 pixels, never in memory as a whole. With
# a slide of yours the levels come from zarr, tifffile or a reader of napari.

# %%
tissue = da.from_array(np.tile(skimage.data.immunohistochemistry(), (4, 4, 1)), chunks=(512, 512, 3))
slide = da.repeat(da.repeat(tissue, 2, axis=0), 2, axis=1)
levels = [slide] + [da.coarsen(np.mean, slide, {0: n, 1: n}).astype("uint8") for n in (2, 4)]
print("Levels:", *(" × ".join(map(str, level.shape[:2])) for level in levels), sep="\n  ")

# %% [markdown]
# The fit sees the smallest level, one megapixel. `"ab"` compares hue alone: brown antibody, blue nuclei, bright ground.

# %%
overview = kseg.segment(levels[-1].compute(), 3, color_space="ab")
labels = overview.model.predict(slide)  # lazy: nothing is read yet
tile = (slice(2048, 2560), slice(2048, 2560))
seen = labels[tile].compute()  # reads the chunks under the tile, no others
print(f"Labels: {labels.nbytes / 1e6:.1f} MB if they were computed, {seen.nbytes / 1e6:.1f} MB of this tile")

# %% [markdown]
# Numbers of all 17 megapixels, in one pass over the chunks:

# %%
whole = overview.model.segment(slide)
print(whole.table().round(3).to_string(index=False))
print(f"The antibody covers {whole.fractions[0]:.1%} of the slide, {overview.fractions[0]:.1%} of the overview.")

# %%
figure, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
for axis, (title, picture) in zip(
    axes,
    {
        "overview": overview.recolored(),
        "a tile of the slide": slide[tile].compute(),
        "its clusters": whole.recolored()[tile].compute(),
    }.items(),
    strict=True,
):
    axis.imshow(picture)
    axis.set_title(title)
    axis.axis("off")
plt.show()

# %% [markdown]
# `whole.to_zarr("result.ome.zarr")` writes labels and recolored slide with all their levels. In napari,
# `viewer.add_image(levels, multiscale=True)` and *Run* in the panel do all of this: of a slide of more than 67
# megapixels a small level is fitted, and tiles are labeled where they are looked at.
