# %% [markdown]
# # A time series: how fast do they grow?
#
# A movie is an image with one more axis. Fitted over all frames at once, a label means the same in each of them, so
# that areas can be compared over time.

# %%
import matplotlib.pyplot as plt
import numpy as np
import skimage.data
import skimage.measure

import napari_kseg as kseg

# %% [markdown]
# Colonies that grow from 10 to 50 % of the field, in a noisy image of 16 bits. As the movie is made here, we know what
# should come out.

# %%
true_area = np.linspace(0.1, 0.5, 12)
colonies = np.stack([skimage.data.binary_blobs(256, 0.08, volume_fraction=area, rng=0) for area in true_area])
noise = np.random.default_rng(0).normal(0, 300, colonies.shape)
movie = (500 + 700 * colonies + noise).clip(0).astype(np.uint16)  # (time, y, x)

# %% [markdown]
# `sigma` smooths along y and x, but not in time. Without it the noise, nearly half as strong as the difference between
# colony and background, would be clustered.

# %%
seg = kseg.segment(movie, 2, channel_axis=None, sigma=(0, 2, 2))
area = (seg.labels == 2).mean(axis=(1, 2))
print(f"Area of the colonies in the first and in the last frame: {area[0]:.1%}, {area[-1]:.1%}")
print(f"Largest error in any frame: {np.abs(area - true_area).max():.1%} of the field")

# %% [markdown]
# The number of colonies falls once they grow together. Objects are counted frame by frame, as connected components.

# %%
n_colonies = [skimage.measure.label(frame == 2).max() for frame in seg.labels]

figure, (first, last, curve) = plt.subplots(1, 3, figsize=(9, 3), layout="constrained")
for axis, frame in ((first, 0), (last, -1)):
    axis.imshow(movie[frame], cmap="gray", vmin=0, vmax=2000)
    axis.contour(seg.labels[frame] == 2, [0.5], colors="orange", linewidths=0.8)
    axis.axis("off")
curve.plot(true_area, "k--", label="true")
curve.plot(area, "o-", label="found")
curve.set(xlabel="frame", ylabel="area of the colonies")
curve.legend()
plt.show()
print("Colonies in each frame:", *n_colonies)

# %% [markdown]
# A movie that is still being recorded is labeled by the model of an early part, `seg.model.predict(new_frames)`, and
# one that does not fit into memory is given as a dask or zarr array. In napari,
# `kseg.segment_layer(viewer.layers["movie"], 2, viewer=viewer, sigma=…)` does the same.
