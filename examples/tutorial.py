# %% [markdown]
# # An astronaut in ten lines
#
# Find the colors of a photo, look at each, cut out the orange suit. The lines are for any Python console, that of
# napari included.

# %%
import skimage.data

import napari_kseg as kseg

photo = skimage.data.astronaut()
seg = kseg.segment(photo, n_clusters=5, downsample=5)  # the centroids are found on 20 % of the width and height
print(seg.table().round(2).to_string(index=False))  # the final centroids, from dark to bright: 3 is orange
poster = seg.recolored()  # the photo in five colors, full resolution
masks = seg.masks()  # one per cluster, True inside
seg = seg.merge([4, 5])  # two grays become one; four clusters are left
suit = seg.extract(3)  # RGBA, transparent outside
print(f"The suit is {masks[2].mean():.1%} of the photo; {len(seg.centroids)} clusters are left after the merge.")

# %% [markdown]
# The photo, the photo in five colors, and the suit:

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
for axis, picture in zip(axes, (photo, poster, suit), strict=True):
    axis.imshow(picture)
    axis.axis("off")
plt.show()
