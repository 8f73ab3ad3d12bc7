import math

import numpy as np

from figureground.samples.sums import LayerSums, Sums


def test_the_correction_recovers_what_coding_did() -> None:
    """If decoding lowers every value of the checked share by 2, the corrected mean is 2 lower."""
    values = np.arange(10, 200, dtype=np.uint8).reshape(-1, 1)
    raw, after = Sums.of(values), Sums.of(values - np.uint8(2))
    mean, std = LayerSums(raw, raw, after).moments()
    assert mean[0] == values.mean() - 2
    assert math.isclose(std[0], values.std())


def test_sums_of_a_large_canvas_are_exact() -> None:
    """More squares of 16 bits than float64 adds without rounding."""
    values = np.full((2**22, 1), 65535, np.uint16)
    values[::3] = 65533
    found = Sums.of(values)
    whole = values.astype(np.int64)
    assert found == Sums(2**22, (int(whole.sum()),), (int((whole**2).sum()),))
