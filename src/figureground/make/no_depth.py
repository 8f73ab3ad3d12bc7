"""Samples for which the depth network gave no depth: counted, named, and too many of them a failure of the run.

One of them is stored with depth that says "no value" throughout, and the run goes on.  More than `MOST` of a dataset's
samples, and there is no dataset: that is judged of all samples, so it depends on no order, engine or part size.  It is
told as soon as it is certain, and before that where all of a few samples spread over the dataset have none.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from figureground.core.errors import FigureGroundError
from figureground.samples.lacking import Lacking
from figureground.samples.maker import Made, Maker

MOST = 0.01  # of a dataset's samples
_SUSPECT = 16  # samples of a part, all without depth, before others are tried
_PROBES = 8


class TooFewDepthsError(FigureGroundError):
    """More samples than a dataset may have are without depth."""


def require_few(lacking: Lacking, of: int) -> None:
    """Raise TooFewDepthsError where more than `MOST` of so many samples are without depth."""
    if len(lacking.samples) > MOST * of:
        raise _too_few(lacking, of)


def _too_few(lacking: Lacking, of: int) -> TooFewDepthsError:
    count = len(lacking.samples)
    return TooFewDepthsError(
        f"the depth network gives no depth for {count} of {of} samples, more than {MOST:.0%}: {lacking.why}",
        lacking.named,
        "try another runtime, precision or network, and look at the mean, std and output of its card; "
        "or leave out the backgrounds that they have in common",
    )


class PartWatch:
    """Looks at the samples of one part as they are made."""

    def __init__(self, another: Callable[[], Maker], samples: int) -> None:
        """`another` makes a maker, for samples out of turn; `samples`: how many the dataset has."""
        self._another, self._of = another, samples
        self._seen = 0
        self._lacking = Lacking()

    def note(self, made: Made) -> None:
        """Count a sample.  Raises TooFewDepthsError as soon as it is certain that the dataset has too many."""
        self._seen += 1
        if not made.counts.lacking:
            return
        self._lacking.note(made.record.index, made.counts.lacking)
        require_few(self._lacking, self._of)
        if self._seen == len(self._lacking.samples) == _SUSPECT:
            require_some(self._another(), self._of)


def require_some(maker: Maker, samples: int) -> None:
    """Raise TooFewDepthsError where none of a few samples, spread over a dataset of so many, has depth."""
    lacking = Lacking()
    for index in np.unique(np.linspace(0, samples - 1, _PROBES).astype(int)).tolist():
        (made,) = maker.make([index])
        if not made.counts.lacking:
            return
        lacking.note(made.record.index, made.counts.lacking)
    raise _too_few(lacking, len(lacking.samples))
