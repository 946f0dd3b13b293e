# %% [markdown]
# # Clusters instead of superpixels: grow regions from them
#
# Region growing on single pixels is slow, so one usually makes superpixels first. The connected pieces of a few
# clusters do the same job, and follow the borders of colors exactly: no grid, no compactness to choose.

# %%
import matplotlib.pyplot as plt
import numpy as np
import skimage.data
from scipy import ndimage
from skimage import graph
from skimage.segmentation import mark_boundaries, watershed

import napari_kseg as kseg

# %% [markdown]
# ## Join neighbors that look alike
#
# Twelve clusters, without specks, in connected pieces. scikit-image joins neighbors along a graph of regions, as long
# as the mean colors of two are closer than a threshold.

# %%
photo = skimage.data.coffee()
seg = kseg.segment(photo, 12, color_space="Lab", min_size=100)
pieces = seg.objects()
grown = graph.cut_threshold(pieces, graph.rag_mean_color(photo, pieces), thresh=35)
n_pieces, n_grown = len(np.unique(pieces)), len(np.unique(grown))
print(f"{photo.shape[0] * photo.shape[1]:,} pixels, {n_pieces} pieces, {n_grown} regions after growing")

figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
for axis, (title, regions) in zip(axes, {"pieces of clusters": pieces, "grown": grown}.items(), strict=True):
    axis.imshow(mark_boundaries(photo, regions, color=(1, 1, 0)))
    axis.set_title(title)
    axis.axis("off")
plt.show()

# %% [markdown]
# ## Part what touches
#
# Coins on an uneven ground, which a top-hat filter takes away. The ground is the darkest of three clusters, all else is
# coin. From the middle of each coin the watershed grows until coins meet.

# %%
coins = skimage.data.coins()
seg = kseg.segment(ndimage.white_tophat(coins, 71), 3, sigma=2)
is_coin = ndimage.binary_opening(ndimage.binary_fill_holes(seg.labels >= 2), iterations=4)
depth = ndimage.gaussian_filter(ndimage.distance_transform_edt(is_coin), 2)
middles, n_coins = ndimage.label(depth > 9)
found = watershed(-depth, middles, mask=is_coin)
print(f"{n_coins} coins")

figure, axes = plt.subplots(1, 2, figsize=(9, 3.7), layout="constrained")
axes[0].imshow(seg.labels)
axes[1].imshow(mark_boundaries(coins, found, color=(1, 1, 0)))
for axis, title in zip(axes, ("three clusters", "coins"), strict=True):
    axis.set_title(title)
    axis.axis("off")
plt.show()
