"""A dataset whose samples are rendered when they are read: only photos and a recipe are stored."""

import numpy as np

import figureground

stored = figureground.open_dataset("out-floor")  # of step4_floor.py
virtual = figureground.open_dataset("out-floor", virtual=True)  # its parts are not read
print(virtual)

for i in (0, len(virtual) - 1):
    rendered, read = virtual[i], stored[i]
    same = np.array_equal(rendered.mask, read.mask)
    same &= np.array_equal(rendered.depth.values, read.depth.values, equal_nan=True)
    print(rendered.record.key, "has the stored sample's mask and depth:", same)

# planned together, samples cost less than one by one
batch = virtual.batch([3, 1, 4, 1, 5])
print([sample.record.index for sample in batch])

# every sample is there at once, so a split costs planning and no rendering
print(len(virtual.select(split="train")), "of", len(virtual), "samples are for training")
