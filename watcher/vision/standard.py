"""The score that other tools give, for comparison with them: it decides nothing here."""

from typing import Any

from watcher.vision.arrays import U8


def standard_score(reference: U8, picture: U8) -> float | None:
    """scikit-image's mean structural similarity of two grey pictures, with the parameters of Wang et al.

    Gaussian weights of sigma 1.5 over 11x11 pixels, population covariance, `data_range` 255; None where a side is
    shorter than the window. Worked out in bands, which gives the same mean (scikit-image leaves out the five
    pixels along the edges, and a window reaches no further) in 100 MB where 100 megapixels would take 8 GB.

    Wang, Bovik, Sheikh, Simoncelli: Image quality assessment: from error visibility to structural similarity,
    2004, https://doi.org/10.1109/TIP.2003.819861
    """
    from skimage import metrics  # here, not above: it costs 19 MB and a quarter of a second

    similarity: Any = metrics.structural_similarity
    reach = 5
    height, width = (int(side) for side in reference.shape)
    if min(height, width) <= 2 * reach:
        return None
    rows = max(64, 1_000_000 // width)
    total = 0.0
    for top in range(reach, height - reach, rows):
        band = slice(top - reach, min(top + rows + reach, height))
        _, similar = similarity(
            reference[band], picture[band], data_range=255, gaussian_weights=True, sigma=1.5,
            use_sample_covariance=False, full=True,
        )  # fmt: skip
        total += float(similar[reach:-reach, reach:-reach].sum())
    return total / ((height - 2 * reach) * (width - 2 * reach))
