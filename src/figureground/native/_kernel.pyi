from figureground.core.arrays import Bytes
from figureground.core.nouns import Mask

def rle(mask: Mask | Bytes, height: int, width: int, top: int, left: int) -> str: ...
