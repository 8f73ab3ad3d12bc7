"""Drawn rooms and people with exact depth and exact alpha, for demos, tests, training and measurements.

Pictures:
    render_room(seed, size, person)     a furnished room, with a person in it if one is given, as a Rendering
    render_person(seed, height)         a person cut out, RGBA
    render_stage(stage, camera, size, seed, exposure)     any stage from any camera, as a Rendering (and in a hurry:
                                        with its room_glow, for several looks, and with less Effort)

What they are made of, for those who want another place or another person:
    furnish(seed)                       the Stage of a room, without a person, and the Camera that it was made for
    with_person(stage, person)          the stage with a PersonAt on its floor
    Kit, Dice, Place, Solid, Material, palette, furniture, decor     what rooms of one's own are put together of
    draw_build, parts_of_build          a person's Build, and the Parts that it is put together of (vec: their places)
    trace(stage, camera, size)          depth and thing numbers of each pixel without light or colour, a fast look

World axes: x right, y up, z into the room, metres; the floor is y = 0.  Pictures are square, `size` pixels a side;
depth is z-depth in metres through pixel centres.  LABELS names the numbers in `Rendering.labels` (kinds: wall, sofa,
person ...), FIGURE is the person among the thing numbers of `trace`.  The same arguments give the same bytes.
"""

from figureground.drawn import decor, furniture
from figureground.drawn.camera import Camera
from figureground.drawn.figure import Part
from figureground.drawn.illumination import Effort, room_glow
from figureground.drawn.interior import Rendering, render_room, render_stage
from figureground.drawn.kit import Dice, Kit, Place
from figureground.drawn.palette import palette
from figureground.drawn.people import Build, PersonAt, draw_build, parts_of_build, with_person
from figureground.drawn.portrait import render_person
from figureground.drawn.pose import vec
from figureground.drawn.raycast import CEILING, FIGURE, FLOOR, LABELS, Stage, trace
from figureground.drawn.rooms import furnish
from figureground.drawn.solids import Solid
from figureground.drawn.textures import Colour, Material

__all__ = [
    "CEILING",
    "FIGURE",
    "FLOOR",
    "LABELS",
    "Build",
    "Camera",
    "Colour",
    "Dice",
    "Effort",
    "Kit",
    "Material",
    "Part",
    "PersonAt",
    "Place",
    "Rendering",
    "Solid",
    "Stage",
    "decor",
    "draw_build",
    "furnish",
    "furniture",
    "palette",
    "parts_of_build",
    "render_person",
    "render_room",
    "render_stage",
    "room_glow",
    "trace",
    "vec",
    "with_person",
]
