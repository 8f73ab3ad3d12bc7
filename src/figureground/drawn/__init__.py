"""Drawn rooms and people with exact depth and exact alpha, for demos, tests and training.

`render_room` draws a furnished room from a seed, `render_person` a cut-out person, and `PersonAt` puts that person into
the room.  World axes: x right, y up, z into the room, metres; the floor is y = 0.
"""

from figureground.drawn.camera import Camera
from figureground.drawn.people import PersonAt
from figureground.drawn.portrait import render_person
from figureground.drawn.raycast import LABELS
from figureground.drawn.render import Rendering, render_room

__all__ = ["LABELS", "Camera", "PersonAt", "Rendering", "render_person", "render_room"]
