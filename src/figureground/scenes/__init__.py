"""Drawn rooms and people with exact depth and exact alpha, for demos, tests and training.

`render_room` draws a furnished room from a seed, `render_person` a cut-out person, and `PersonAt` puts that person into
the room.  World axes: x right, y up, z into the room, metres; the floor is y = 0.
"""

from figureground.scenes.camera import Camera
from figureground.scenes.people import PersonAt
from figureground.scenes.portrait import render_person
from figureground.scenes.raycast import LABELS
from figureground.scenes.render import Rendering, render_room

__all__ = ["LABELS", "Camera", "PersonAt", "Rendering", "render_person", "render_room"]
