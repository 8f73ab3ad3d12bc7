"""Read samples of the dataset that step1_build.py made: picture, mask, depth with its unit, record."""

import numpy as np

import figureground

data = figureground.open_dataset("out")
sample = data[7]  # decodes this sample and no other

record = sample.record
print(record.key, "of the split", record.split)
print("image", sample.image.dtype, sample.image.shape)  # sRGB
print(f"mask {sample.mask.dtype}, {sample.mask.mean():.1%} of the picture")
values = sample.depth.values  # NaN where there is no value
low, high = np.nanmin(values), np.nanmax(values)
print(f"depth {low:.2f} to {high:.2f} {sample.depth.unit}, {sample.depth.direction}")

for i, figure in enumerate(record.figures):
    whole = sample.whole_mask(i)  # as if nothing stood before it
    print(f"{figure.foreground}: box {figure.box}, {figure.area} px seen of {whole.sum()}, flip {figure.flip}")

# records are read without decoding pixels
areas = [data.record(i).figures[0].area for i in range(len(data))]
print(f"areas {min(areas)} to {max(areas)} px; mean of R, G, B:", data.statistics["summary"]["image"]["mean"])
