"""How much of every fineness there is in pictures: what blur and dot textures change."""

import numpy as np


def radial_power(images: np.ndarray) -> np.ndarray:
    """Mean power at every whole spatial frequency: [N, C, H, H] -> [H // 2 + 1].

    Entry k: mean of |F|^2 over the ring of frequencies that round to k cycles a picture, over
    pictures and channels; the last one is the Nyquist frequency. Each picture's mean is left out.
    Source: Durall et al., "Watch your Up-Convolution" (arXiv 2003.01826), eq. 3.
    """
    side = images.shape[-1]
    rows = images.astype(np.float64)
    rows = rows - rows.mean((2, 3), keepdims=True)
    power = np.square(np.abs(np.fft.fft2(rows))).mean((0, 1))
    frequency = np.fft.fftfreq(side) * side
    ring = np.rint(np.hypot(frequency[:, None], frequency[None, :])).astype(int)
    return np.array([power[ring == k].mean() for k in range(side // 2 + 1)])
