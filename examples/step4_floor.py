"""Figures that stand on the floor, as tall as perspective makes them, with depth that agrees."""

import numpy as np

import figureground

recipe = figureground.load_recipe(
    "recipe.toml",  # of step1_build.py
    [
        "backgrounds.depth=demo/photos/depth",  # known depth; without it, the network's of each background
        "placement.mode=ground",
        "placement.min_visible=0.5",  # at most half of a figure may be hidden
        "depth.source=layered",
    ],
)
data = figureground.open_dataset(figureground.build(recipe, "out-floor"))

for background in data.catalog.backgrounds:
    if background.ground:
        print(f"{background.id}: horizon at y = {background.ground.horizon_y:.0f} px", end=", ")
        print(f"camera {background.ground.camera_height:.2f} m above the floor")

for sample in data[:4]:
    figure = sample.record.figures[0]
    print(f"{sample.record.key}: {figure.real_height} m tall is {figure.height} px at {figure.depth_at_contact} m")

# outside the mask depth is the empty room's, to the last bit
sample = data[0]
outside = ~sample.mask
same = np.array_equal(sample.depth.values[outside], sample.background_depth.values[outside], equal_nan=True)
print("depth outside the mask is the background's:", same)
