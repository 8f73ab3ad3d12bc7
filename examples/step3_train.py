"""Feed the training split of step1_build.py's dataset to PyTorch; without torch, to numpy."""

import importlib.util

import numpy as np

import figureground

train = figureground.open_dataset("out").select(split="train")
left = train.select(where=lambda record: record.figures[0].x < 40)  # by record: no pixel is decoded
print(len(train), "samples to train on, the figure in the left third of", len(left))

if importlib.util.find_spec("torch"):
    from torch.utils.data import DataLoader

    from figureground.torch import CompositeDataset, Flip, ResumableSampler

    data = CompositeDataset(train, transforms=[Flip()])
    sampler = ResumableSampler(len(data), seed=1)
    # the dataset can be pickled, and each worker of num_workers=N opens files of its own
    batch = next(iter(DataLoader(data, batch_size=4, sampler=sampler)))
else:
    samples = train.batch(range(4))
    batch = {
        "image": np.stack([sample.image.transpose(2, 0, 1).astype(np.float32) / 255 for sample in samples]),
        "mask": np.stack([sample.mask[None] for sample in samples]),
        "depth": np.stack([np.nan_to_num(sample.depth.values)[None] for sample in samples]),
        "depth_valid": np.stack([np.isfinite(sample.depth.values)[None] for sample in samples]),
    }
for name, values in batch.items():
    print(name, (values.dtype, tuple(values.shape)) if hasattr(values, "dtype") else values)
