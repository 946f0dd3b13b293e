# %% [markdown]
# # Measure the regions of a cluster with scikit-image
#
# A cluster is a kind of stuff, not a thing: all brown pixels have one label. `seg.objects()` numbers the connected
# pieces, and `regionprops_table` measures them.

# %%
import matplotlib.pyplot as plt
import pandas as pd
import skimage.data
from skimage.measure import regionprops_table
from skimage.segmentation import mark_boundaries

import napari_kseg as kseg

PIXEL_SIZE = 0.5  # µm; say what your microscope says

image = skimage.data.immunohistochemistry()
seg = kseg.segment(image, 3, color_space="ab", min_size=40)  # by hue alone; pieces of fewer pixels are no regions
seg = seg.named({1: "antibody", 2: "nuclei", 3: "ground"})
print(seg.table().round(2).to_string(index=False))

# %% [markdown]
# A table with a row for each region of the first two clusters. Objects of different clusters are different ones, even
# where they touch; the last column says which cluster it is, as the labels within an object are all alike.

# %%
objects = seg.objects([1, 2])
regions = pd.DataFrame(
    regionprops_table(
        objects,
        intensity_image=seg.labels,
        properties=("label", "area", "eccentricity", "centroid", "intensity_max"),
        spacing=(PIXEL_SIZE, PIXEL_SIZE),
    )
).rename(columns={"intensity_max": "cluster"})
regions["cluster"] = seg.table()["name"].to_numpy()[regions["cluster"].astype(int) - 1]
print(regions.nlargest(5, "area").round(2).to_string(index=False))
print(regions.groupby("cluster")["area"].agg(["count", "median", "max", "sum"]).round(1).to_string())

# %% [markdown]
# The areas of all regions of a cluster add up to that of the cluster:

# %%
total = regions[regions["cluster"] == "antibody"]["area"].sum()
print(f"antibody: {total:.1f} µm² in regions, {seg.counts[0] * PIXEL_SIZE**2:.1f} µm² in the cluster")

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
left.imshow(mark_boundaries(image, objects * (seg.labels == 1), color=(1, 1, 0)))
left.set_title("regions of antibody")
left.axis("off")
for name, rows in regions.groupby("cluster"):
    right.hist(rows["area"], bins=[10 * 2**n for n in range(12)], histtype="step", label=name, linewidth=2)
right.set(xscale="log", xlabel="area in µm²", ylabel="regions")
right.legend()
plt.show()

# %% [markdown]
# In napari, *Extract … as objects* adds the same numbers as a Labels layer, for the plugins that measure Labels layers;
# its scale is that of the image, so areas are in world units.
