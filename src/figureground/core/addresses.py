"""Addresses of object storage, "s3://bucket/folder", and what may not stand in one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePath

from figureground.core.errors import FigureGroundError
from figureground.core.inner_names import fault

_FORM = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://(.*)", re.DOTALL)  # two letters at least: C:// is a drive
_AS_PATH = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):[/\\](?![/\\])")  # what Path makes of an address
_SECRET = re.compile(
    r"(?:^|[/?&;,])[\w.-]*(?:key|secret|token|password|passwd|credential|signature|sig|sas)[\w.-]*=", re.IGNORECASE
)
_AZURE = {"abfs", "abfss", "az"}  # container@account is a place there
_REMEDY = "leave them out; they are taken from where that storage's own tools look (docs/object-storage.md)"


def is_address(text: str) -> bool:
    """Tell whether a text means a place in storage that has a protocol, like s3://, and no folder."""
    return _FORM.match(text) is not None


def protocol_of(address: str) -> str:
    """Return what stands before "://", in small letters."""
    found = _FORM.match(address)
    return found[1].lower() if found else ""


def required_address(text: str) -> str:
    """Return an address with its protocol in small letters and no "/" at its end.

    Raises FigureGroundError, which repeats nothing that may be secret, for one that holds credentials or names no
    place.
    """
    found = _FORM.match(text)
    if found is None:
        raise FigureGroundError("no address of object storage", text, "like s3://bucket/folder")
    protocol, rest = found[1].lower(), found[2]
    _refuse_credentials(protocol, rest)
    place = rest.rstrip("/")
    shown = f"{protocol}://{place}"
    if "::" in text or not place.strip("/") or (protocol != "memory" and place.startswith("/")):
        raise FigureGroundError("an address names no bucket", f"{protocol}://", f"like {protocol}://bucket/folder")
    if why := fault(place.lstrip("/")):
        raise FigureGroundError(f"an address {why}", shown, f"like {protocol}://bucket/folder")
    return shown


def _refuse_credentials(protocol: str, rest: str) -> None:
    authority = rest.partition("/")[0]
    user, at, _ = authority.rpartition("@")
    inside = bool(at) and (protocol not in _AZURE or ":" in user)
    if inside or _SECRET.search(rest) or "?" in authority:
        raise FigureGroundError("an address holds credentials", f"{protocol}://...", _REMEDY)


def without_secrets(texts: Iterable[str]) -> list[str]:
    """Return texts to be shown: of an address that may hold credentials, what stands before "://" alone."""
    return [_shown(text) for text in texts]


def _shown(text: str) -> str:
    try:
        return required_address(text) if is_address(text) else text
    except FigureGroundError:
        return f"{protocol_of(text)}://..."


def refuse_address_as_path(path: PurePath) -> None:
    """Raise FigureGroundError for a path that was an address: Path("s3://bucket/x") is s3:/bucket/x."""
    if found := _AS_PATH.match(str(path)):
        raise FigureGroundError(
            "an address is no path: Path takes one of its slashes", f"{found[1]}:/...", "give it as text (str)"
        )
