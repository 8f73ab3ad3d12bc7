"""Whole files: hashed, or written under a temporary name and renamed, so that readers never meet half of one."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

PARTIAL = ".partial"


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def partial_of(path: Path) -> Path:
    """Return a temporary name beside `path`; its random part keeps two writers apart."""
    return path.with_name(f"{path.name}.{secrets.token_hex(4)}{PARTIAL}")


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that readers see the old one or the whole new one."""
    temporary = partial_of(path)
    temporary.write_bytes(data)
    os.replace(temporary, path)
