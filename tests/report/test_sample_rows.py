"""The sample rows of the page, where a sample has several figures."""

import re
from pathlib import Path

from figureground.dataset.opening import open_dataset
from figureground.make.build import build
from figureground.report.page import page
from figureground.report.sample_rows import sample_rows
from tests.builders import ground_recipe, write_floor_photos


def test_what_a_mask_covers_is_that_of_all_figures_and_the_first_is_called_so(tmp_path: Path) -> None:
    write_floor_photos(tmp_path)
    dataset = open_dataset(
        build(ground_recipe(tmp_path, placement={"figures": [1, 3], "per_pair": 4}), tmp_path / "out")
    )
    rows = sample_rows(dataset, 10).rows
    assert {len(row.record.figures) > 1 for row in rows} == {True, False}
    for row in rows:
        mask = dataset[row.record.index].mask
        assert mask is not None
        assert row.area == mask.sum()
    found = page(dataset)
    several = [len(row.record.figures) for row in rows if len(row.record.figures) > 1]
    assert [int(n) for n in re.findall(r"first of <b>(\d) figures</b>", found)] == several
    assert found.count("first foreground") == found.count("first at (") == len(several)
