"""Feed the training split of step1_build.py's dataset to PyTorch; without torch, to numpy."""

import importlib.util
from typing import Any

import numpy as np

import figureground
from figureground import Sample

train = figureground.open_dataset("out").select(split="train")
left = train.select(where=lambda record: record.figures[0].x < 40)  # by record: no pixel is decoded
print(len(train), "samples to train on, the figure in the left third of", len(left))


def arrays(sample: Sample) -> dict[str, np.ndarray]:
    """Return what a training step takes: image (3, h, w) over 0..1, mask and depth (1, h, w), and where depth is."""
    depth = sample.depth.values[None]
    image = sample.image.transpose(2, 0, 1).astype(np.float32) / 255
    return {"image": image, "mask": sample.mask[None], "depth": np.nan_to_num(depth), "valid": np.isfinite(depth)}


if importlib.util.find_spec("torch"):
    from torch.utils.data import DataLoader, default_collate

    def together(samples: list[Sample]) -> Any:
        return default_collate([arrays(sample) for sample in samples])

    # the dataset can be pickled, and each worker of num_workers=N opens files of its own
    batch = next(iter(DataLoader(train, batch_size=4, shuffle=True, collate_fn=together)))
else:
    rows = [arrays(train[i]) for i in range(4)]
    batch = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
for name, values in batch.items():
    print(name, values.dtype, tuple(values.shape))
