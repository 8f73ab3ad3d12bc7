"""How a figure stands, or why it cannot: by the edges of its cut-out, its bodies, and a head that knows outlines.

All thresholds are of numbers rounded to hundredths or thousandths, and the head counts in whole numbers, so no rounding
of a machine moves a figure from one pose to another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from figureground.core.nouns import SIDES, Alpha, Foreground, Mask, Pose
from figureground.image.masks import mask_of, tight_box
from figureground.ingest.bodies import LowerSide, bodies, lower_side, tallest
from figureground.ingest.edges import Edge, edges_of

# classes that are people; a photo of any other class shows an object
_ONES = ("person", "human", "man", "woman", "adult", "pedestrian", "boy", "girl", "child", "kid")
PEOPLE = {*_ONES, *(f"{one}s" for one in _ONES), "people", "men", "women", "children"}
OUT_OF_PLACE = "pose: "  # how the reason begins why a figure is set aside for its pose
# Shares of a side, measured on real cut-outs (docs/poses.md): below LITTLE no edge is a cut, from SURE on every one is
# that the head does not deny, and between them the head decides.
LITTLE, SURE, BEYOND_DOUBT = 0.1, 0.35, 0.6
STANDS, SEVERAL = 0.35, 0.5  # of the head: from here on somebody stands, if nothing is likelier; and are several
PART_OF_SEVERAL = 0.35  # of the head, of who is cut off below: from here on these may well be several
FADES = 0.75  # of the head: from here on it is a half-length figure without any edge
NOBODY = (
    0.2  # of the head: where no whole person is likelier, and no edge is cut, the outline is nobody's that it knows
)
DENIED = 0.9  # from here on the head's word that somebody stands outweighs an edge that is no more than SURE
# Of several people: how far apart, of the height, their feet may lie in the picture.  With a camera 1.4 m high and a
# figure of 1.7 m who ends d higher stands 1 / (1 - 1.2 d) times as far away: 8 %, a quarter of a metre at 3 m.
LEVEL = 0.06
FLUSH = 0.5  # of what ends near the lowest row: from here on a straight edge is a cut of all, and no soles

Shares = Mapping[str, float]  # how likely each of `networks.pose.POSES` is, in hundredths


@dataclass(frozen=True)
class Posed:
    """A pose, how sure it is, 0..1 in hundredths, and the sides that the frame cut off, in the order of SIDES."""

    pose: Pose
    confidence: float
    cut: tuple[str, ...] = ()


def is_person(class_name: str) -> bool:
    """Tell whether a class of foregrounds is one of people."""
    return class_name.strip().lower() in PEOPLE


def posed(alpha: Alpha, framed: bool, person: bool, shares_of: Callable[[Mask], Shares]) -> Posed:
    """Return how the figure of a whole matte, not yet trimmed, stands.

    `framed`: the matte's border is that of a photo, not of a cut-out's file.  `shares_of`: the head.
    """
    edges = edges_of(alpha, framed)
    if not person:
        cut = tuple(side for side in SIDES if edges[side].touched >= LITTLE)
        return Posed("cropped", 0.9, cut) if cut else Posed("object", 1.0)
    mask = mask_of(alpha)
    box = tight_box(mask)
    if box is None:
        return Posed("cropped", 1.0)
    trimmed = mask[box[1] : box[3], box[0] : box[2]]
    found = judged(edges, bodies(trimmed), shares_of(trimmed), lower_side(trimmed))
    if found.pose == "group" and "bottom" not in found.cut:
        found = _as_the_tallest(found, shares_of(tallest(trimmed)))
    # half a face at the frame of a photo; a file with alpha may be trimmed to a flat hat
    return replace(found, pose="cropped") if framed and found.pose == "half-length" and "top" in found.cut else found


def judged(edges: Mapping[str, Edge], count: int, shares: Shares, lower: LowerSide) -> Posed:
    """Return the pose of a person, or of `count` bodies, by the edges of the cut-out, the head's shares, and how the
    outline ends below, which is asked of several people alone."""
    whole = max(shares["standing"], shares["seated"], shares["airborne"])
    headless = _headless(edges["top"], shares)
    below = _below(edges["bottom"], shares, whole)
    several = count > 1 or (shares["group"] >= (PART_OF_SEVERAL if below else SEVERAL) and not headless)
    below = below or (several and edges["bottom"].straight > FLUSH * lower.near)
    cut = [
        side
        for side, is_cut in (
            ("top", headless or _cut_above(edges["top"], whole)),
            ("right", _cut_beside(edges["right"], edges["left"], below)),
            ("bottom", below),
            ("left", _cut_beside(edges["left"], edges["right"], below)),
        )
        if is_cut
    ]
    if several:
        return Posed("scattered" if lower.rise > LEVEL else "group", 0.95 if count > 1 else shares["group"], tuple(cut))
    if headless:
        return Posed("cropped", max(shares["headless"], _sure(edges["top"])), tuple(cut))
    if below and edges["bottom"].touched < SURE and _sits(shares):
        return Posed("seated", shares["seated"], tuple(cut))
    if below:
        return Posed("half-length", max(shares["half-length"], _sure(edges["bottom"])), tuple(cut))
    if cut:
        return Posed("cropped", max(_sure(edges[side]) for side in cut), tuple(cut))
    # who hardly stands by the outline sits or jumps; what is nobody's outline and bears no cut is taken at its word
    able = _WHOLE if shares["standing"] >= STANDS else _WHOLE[1:]
    pose: Pose = "standing" if whole < NOBODY else max(able, key=lambda name: shares[name])
    return Posed(pose, shares[pose])


_WHOLE: tuple[Pose, ...] = ("standing", "seated", "airborne")


def _as_the_tallest(group: Posed, alone: Shares) -> Posed:
    """Return the pose of several people, of whose tallest `alone` the head says so much: who sits or jumps tells what
    the others do."""
    pose = max(_WHOLE, key=lambda name: alone[name])
    return group if pose == "standing" else Posed(pose, alone[pose], group.cut)


def _headless(top: Edge, shares: Shares) -> bool:
    """Tell whether the head is missing: the outline says so and there is an edge, or there is no doubt of either."""
    edge = max(top.touched, top.straight)
    least = 0.1 if edge >= BEYOND_DOUBT else 0.5 if edge >= LITTLE else 0.9
    return shares["headless"] >= least


def _below(bottom: Edge, shares: Shares, whole: float) -> bool:
    """Tell whether the figure is cut off below, rather than standing on the frame or in flat shoes."""
    edge = max(bottom.touched, bottom.straight)
    if edge >= BEYOND_DOUBT:
        return True
    part = round(shares["half-length"] + shares["headless"], 2)
    if bottom.touched >= SURE:
        return shares["standing"] < DENIED
    if edge >= SURE:
        return part >= shares["standing"]
    if edge < LITTLE:
        return shares["half-length"] >= FADES
    if edge >= 2 * LITTLE and shares["half-length"] >= whole:
        return True
    return part >= 0.5


def _sits(shares: Shares) -> bool:
    """Tell whether somebody sits or jumps, by the outline, rather than is seen in part."""
    return shares["seated"] + shares["airborne"] > shares["half-length"] + shares["headless"]


def _cut_above(top: Edge, whole: float) -> bool:
    """Tell whether the frame took more of a head than a tip of the hair."""
    return top.touched >= (SURE if whole >= 0.5 else LITTLE) and top.straight >= LITTLE


def _cut_beside(side: Edge, other: Edge, below: bool) -> bool:
    """Tell whether the figure is cut off at a side.

    Touching the frame there is enough.  Else the edge must be long; or the figure be cut below, too, and the `other`
    side not be as straight, as two arms are that hang.
    """
    if side.touched >= 0.05 or side.straight >= BEYOND_DOUBT:
        return True
    return below and side.straight >= SURE > other.straight


def _sure(edge: Edge) -> float:
    """Return how sure an edge alone makes a cut, in hundredths."""
    return round(min(0.99, 0.5 + max(edge.touched, edge.straight)), 2)


_APART = ": several people who do not end in one row, so they stand at different depths, or do not stand"


def left_out(entry: Foreground, poses: tuple[str, ...]) -> str:
    """Return why a figure is set aside for its pose, "" where it is used."""
    if entry.pose in poses:
        return ""
    sides = f", cut off at {' and '.join(entry.cut)}" if entry.cut else ""
    apart = _APART if entry.pose == "scattered" else ""
    named = ", ".join(f'"{pose}"' for pose in (*poses, entry.pose))
    sure = f"{entry.pose_confidence:.0%} sure"
    return f"{OUT_OF_PLACE}{entry.pose} ({sure}{sides}){apart}; foregrounds.poses = [{named}] uses it"
