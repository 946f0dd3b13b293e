"""A list of arrays of one shape is an image whose channels they are, each with its own dtype."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from napari_kseg import segment, suggest_n_clusters


@pytest.fixture
def channels(photo):
    return [photo[..., 0], photo[..., 1].astype("u2") * 200, photo[..., 2].astype("f4") / 3]


def test_it_is_the_image_with_these_channels(channels, assert_contract):
    seg = segment(channels, 4)
    stacked = np.stack(channels, -1)
    assert stacked.dtype == np.float32
    reference = segment(stacked, 4, channel_axis=-1)
    assert_array_equal(seg.labels, reference.labels)
    assert_array_equal(seg.centroids, reference.centroids)
    assert seg.inertia == reference.inertia
    assert_contract(stacked, reference, 4, channel_axis=-1)
    assert not seg.is_color


def test_what_comes_back_is_a_list_of_the_same_dtypes(channels):
    seg = segment(channels, 3)
    for i, (own, given) in enumerate(zip(seg.recolored(), channels, strict=True)):
        assert (own.dtype, own.shape) == (given.dtype, given.shape)
        wanted = seg.centroids[seg.labels.astype(int) - 1, i]
        assert_array_equal(own, np.rint(wanted) if given.dtype.kind == "u" else wanted.astype("f4"))
    for own, given in zip(seg.extract(2), channels, strict=True):
        assert_array_equal(own, np.where(seg.labels == 2, given, 0))
    for own, given in zip(seg.image, channels, strict=True):
        assert own is given


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_bytes_go_by_their_distinct_colors(photo, n, assert_contract):
    channels = [photo[..., i % 3] // (1 + i // 3) for i in range(n)]
    seg = segment(tuple(channels), 4)
    stacked = np.stack(channels, -1)
    assert_contract(stacked, segment(stacked, 4, channel_axis=-1), 4, channel_axis=-1)
    assert_array_equal(seg.labels, segment(stacked, 4, channel_axis=-1).labels)


def test_masks_nan_and_recipes_work_as_for_one_array(channels):
    channels[2] = channels[2].copy()
    channels[2][5:9] = np.nan
    mask = np.ones(channels[0].shape, bool)
    mask[:, :7] = False
    seg = segment(channels, 3, mask=mask, normalize="zscore", channels=[1, 2], sigma=1)
    keep = mask & np.isfinite(channels[2])
    assert_array_equal(seg.labels > 0, keep)
    for own, given in zip(seg.recolored(), channels, strict=True):
        assert_array_equal(own[~keep], given[~keep])
    assert_array_equal(seg.model.predict(channels, mask), seg.labels)
    names = {"image": channels, "mask": mask}
    exec(seg.settings.as_python(), names)
    assert_array_equal(names["seg"].labels, seg.labels)


def test_colors_of_three_bands_can_be_converted(photo):
    seg = segment([photo[..., i] for i in range(3)], 4, color_space="Lab")
    assert_array_equal(seg.labels, segment(photo, 4, color_space="Lab").labels)


def test_the_number_of_clusters_can_be_suggested(channels):
    suggestion = suggest_n_clusters(channels, range(2, 4))
    assert_array_equal(suggestion.segmentations[3].labels, segment(channels, 3).labels)


def test_plots_show_the_first_channels(channels):
    pytest.importorskip("matplotlib")
    assert segment(channels, 3).plot().axes


def test_a_list_of_numbers_is_one_array():
    assert segment([[0, 1, 9], [8, 1, 0]], 2).labels.tolist() == [[1, 1, 2], [2, 1, 1]]


def test_a_reduced_result_has_reduced_channels(channels):
    seg = segment(channels, 3, downsample=2, full_resolution=False)
    assert seg.labels.shape == (50, 65)
    assert seg.centroids.shape == (3, 3)


def test_bad_lists_are_refused_in_words(channels):
    with pytest.raises(ValueError, match=r"list of 2 arrays.*shapes differ: \(100, 130\), \(99, 130\)"):
        segment([channels[0], channels[1][1:]], 3)
    with pytest.raises(ValueError, match="channel_axis=0, but the image is a list of arrays"):
        segment(channels, 3, channel_axis=0)
    with pytest.raises(ValueError, match="the image has 2 channels, but the model was found in an image with 3"):
        segment(channels, 3).model.predict(channels[:2])
