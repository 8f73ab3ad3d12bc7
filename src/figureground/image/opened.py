"""Pictures opened by the few formats that are meant, and by no other.

Pillow tries every format that it knows unless it is told which, and some of those start other programs (EPS:
Ghostscript) or read what a stranger's header points to.
"""

from __future__ import annotations

import io

from PIL import Image, ImageFile

STORED = ("PNG", "JPEG", "WEBP")  # what this package writes


def opened(data: bytes, formats: tuple[str, ...] = STORED) -> ImageFile.ImageFile:
    """Return a picture of one of these formats, not yet decoded.  Raises what Pillow raises."""
    return Image.open(io.BytesIO(data), formats=formats)
