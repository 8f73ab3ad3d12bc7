"""Two folders of photos -> a finished dataset.  Run it twice: the second time nothing is left to do."""

from pathlib import Path

import figureground

RECIPE = """
name = "first steps"
size = 128                          # px

[backgrounds]
path = "demo/photos/rooms"          # from the folder that holds this recipe

[foregrounds]
path = "demo/photos/people"

[placement]
samples = 24                        # of all combinations, an even spread

[split]
backgrounds = 0.3                   # of which none is met in training
foregrounds = 0.3
"""

Path("recipe.toml").write_text(RECIPE, encoding="utf-8")
cost, catalog = figureground.dry_run(figureground.load_recipe("recipe.toml"))
print(f"{len(catalog.backgrounds)} backgrounds, {len(catalog.foregrounds)} foregrounds, {cost.samples} samples")
for photo in catalog.set_aside:
    print("set aside:", photo.source, photo.reason)

out = figureground.build("recipe.toml", "out")
print(figureground.open_dataset(out))
