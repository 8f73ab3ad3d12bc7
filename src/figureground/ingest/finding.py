"""The photo files that folders, globs and names stand for, and what lies among them and is none."""

from __future__ import annotations

import difflib
import errno
import fnmatch
import glob
import os
import re
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from figureground.core.errors import FigureGroundError
from figureground.core.files import expanded, opened_regular, user_path

SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("jpg", "jpeg", "jpe", "jfif", "png", "apng", "webp", "tif", "tiff", "bmp", "gif", "avif", "heic", "heif"),
        *("hif", "jp2", "j2k", "mpo", "ppm", "pgm", "pbm", "pnm", "tga"),
    )
)
# pictures of kinds that are not read, so that their photos are not passed over without a word
_KINDS = {
    "camera raw file": "dng cr2 cr3 crw nef nrw arw srf sr2 orf rw2 raf pef srw x3f raw rwl 3fr iiq erf mrw dcr kdc",
    "picture": "jxl psd psb svg svgz exr hdr pic xcf ai eps pdf dds ico icns pcx sgi jxr wdp "
    "hdp j2c jpf jpx jpm fit fits kra clip qoi bpg flif wbmp xbm xpm",
    "video": "mp4 mov avi mkv webm m4v mpg mpeg wmv flv 3gp mts m2ts insv",
}
_UNREAD = {f".{suffix}": kind for kind, suffixes in _KINDS.items() for suffix in suffixes.split()}
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"II*\0", b"MM\0*", b"GIF8")
CACHE_MARK = "figureground-cache.json"  # lies in a folder that this package keeps things in
_OURS = ("build.json", "manifest.json")  # of a dataset, begun or finished; both say first what they are
_WILD = re.compile(r"[*?\[]")
_NAMED = 3  # names that are given as examples


@dataclass(frozen=True)
class LeftOut:
    """What is not taken: its path, or that of the folder where several lie, and why."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Search:
    """The photo files, in natural order (2 before 10), what was left out, and the folders of this package that were
    passed over: datasets, and caches of prepared photos."""

    files: tuple[Path, ...]
    left_out: tuple[LeftOut, ...] = ()
    ours: tuple[Path, ...] = ()


@dataclass
class _Finds:
    """What was met so far, in `met` files.  `folders`, `files`: by their real paths, so that links lead nowhere twice.
    `unread`: pictures that are not read, by where they were looked for and their suffix."""

    files: dict[str, Path] = field(default_factory=dict)
    folders: dict[str, Path] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    unread: dict[tuple[Path, str], set[Path]] = field(default_factory=lambda: defaultdict(set))
    ours: list[Path] = field(default_factory=list)
    met: int = 0

    def leave(self, path: Path, reason: str) -> None:
        self.left_out.append(LeftOut(path, reason))


@dataclass(frozen=True)
class _Pattern:
    """A glob below a folder, with ** for folders of any depth."""

    parts: tuple[str, ...]

    def fits(self, path: Path) -> bool:
        """Say whether it names a file, or a folder that the file lies in."""
        return any(_fits(path.parts[: n + 1], self.parts) for n in range(len(path.parts)))


def _fits(names: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    if not pattern:
        return not names
    if pattern[0] == "**":
        return any(_fits(names[n:], pattern[1:]) for n in range(len(names) + 1))
    return bool(names) and fnmatch.fnmatch(names[0], pattern[0]) and _fits(names[1:], pattern[1:])


def search(paths: Iterable[str], root: Path, key: str) -> Search:
    """Return the picture files that folders, globs or file names stand for.

    Folders are searched to any depth, links to folders too; a file that is reached in two ways is one.  Passed over
    are hidden files and folders, files that are no pictures by their name, and datasets and caches of this package
    inside of what is searched.  Raises FigureGroundError naming the recipe key when a path does not exist or nothing
    is found.
    """
    listed = list(paths)
    if not listed:
        raise FigureGroundError(f"{key} names no folder", "recipe", f'set {key} = "path/to/photos"')
    finds = _Finds()
    for text in listed:
        place = user_path(text, root)
        if place.is_dir():
            _walk(place, finds)
        elif os.path.lexists(place):
            _take(place, place.parent, finds)
        else:
            _match(text, root, key, finds)
    left = (*finds.left_out, *_unread(finds))
    if not finds.files:
        told = "; ".join(f"{one.path.name}: {one.reason}" for one in left)[:400]
        raise FigureGroundError(
            "the folder holds no pictures",
            f"{key} = {', '.join(listed)}" + (f" ({told})" if told else ""),
            f"put pictures there ({', '.join(sorted(SUFFIXES)[:8])} ...)",
        )
    files = sorted(finds.files.values(), key=natural_key)
    named = tuple(sorted(left, key=lambda one: (natural_key(one.path), one.reason)))
    return Search(tuple(files), named, tuple(sorted(set(finds.ours))))


def natural_key(path: Path) -> list[tuple[int, int, str]]:
    """Return a sort key that orders numbers inside names by value."""
    return [(0, int(t), "") if t.isdecimal() else (1, 0, t) for t in re.split(r"(\d+)", path.as_posix()) if t]


def base_of(text: str, root: Path) -> Path:
    """Return the folder that a recipe's path starts from: itself, a file's folder, or what stands before wild cards."""
    place = user_path(text, root)
    if place.is_file():
        return place.parent
    if place.is_dir():
        return place
    for n, part in enumerate(place.parts):
        if _WILD.search(part) and not Path(*place.parts[: n + 1]).exists():
            return Path(*place.parts[:n])
    return place


def _match(text: str, root: Path, key: str, finds: _Finds) -> None:
    """Take what a glob stands for.  Raises FigureGroundError for nothing."""
    base, pattern = base_of(text, root), expanded(text, root, glob.escape)
    before = finds.met
    parts = (root / pattern).parts[len(base.parts) :]
    if "**" in parts:  # Python's own follows links round in circles
        _walk(base, finds, _Pattern(parts))
    else:
        for path in sorted(root / name for name in glob.glob(pattern, root_dir=root)):
            finds.met += 1
            if any(_is_ours(place) for place in (path, *path.parents) if base in place.parents):
                continue
            if path.is_dir():
                _walk(path, finds)
            else:
                _take(path, base, finds)
    if before == finds.met:
        place = user_path(text, root)
        remedy = f"{_near(place)}paths start from the recipe's folder"
        raise FigureGroundError("no such folder of photos", f"{key} = {text!r} ({place})", remedy)


def _near(place: Path) -> str:
    """Return which name a misspelt path may have meant, or that it is to be looked at."""
    while not place.parent.exists() and place.parent != place:
        place = place.parent
    try:
        names = {name.casefold(): name for name in sorted(os.listdir(place.parent))}
    except OSError:
        names = {}
    close = difflib.get_close_matches(place.name.casefold(), names, n=1)
    return f"there is {names[close[0]]!r}; " if close else "check the spelling; "


def _walk(top: Path, finds: _Finds, pattern: _Pattern | None = None) -> None:
    """Take what lies in a folder at any depth; what only links lead to comes last, so files keep their own path."""
    folders, links = [top], list[Path]()
    while folders or links:
        folder = folders.pop() if folders else links.pop(0)
        real = os.path.realpath(folder)
        if not _enter(folder, real, top, finds):
            continue
        try:
            with os.scandir(folder) as found:
                entries = sorted((e for e in found if not e.name.startswith(".")), key=lambda e: e.name)
        except OSError as error:
            finds.leave(folder, f"the folder cannot be opened: {error.strerror or type(error).__name__}")
            continue
        for entry in entries:
            path = Path(entry.path)
            if _is_folder(entry):
                (links if entry.is_symlink() else folders).append(path)
            elif pattern is None or pattern.fits(path.relative_to(top)):
                _take(path, top, finds, "" if entry.is_symlink() else os.path.join(real, entry.name))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # what it is, is asked again where it is taken
        return False


def _enter(folder: Path, real: str, top: Path, finds: _Finds) -> bool:
    """Say whether a folder is to be searched: not one that was, and none that this package made."""
    if folder != top and _is_ours(folder):
        finds.ours.append(folder)
        return False
    earlier = finds.folders.setdefault(real, folder)
    if earlier != folder and folder.is_symlink():
        finds.leave(folder, "a link to a folder that is searched already")
    return folder in (earlier, top)


def _is_ours(folder: Path) -> bool:
    """Say whether a folder is a dataset of this package, the catalog of one, or its cache."""
    if (folder / CACHE_MARK).is_file() or ((folder / "catalog.jsonl").is_file() and (folder / "Background").is_dir()):
        return True
    return any(_says_what_it_is(folder / name) for name in _OURS)


def _says_what_it_is(path: Path) -> bool:
    try:
        with opened_regular(path) as file:
            head = file.read(4096)
    except OSError:
        return False
    made = b'"figureground"' in head or (b'"plan"' in head and b'"render"' in head)
    return made and b'"format"' in head


def _take(path: Path, top: Path, finds: _Finds, real: str = "") -> None:
    """Take a file if it is a picture's, or say why not.  `real`: its real path, where that is known."""
    finds.met += 1
    suffix = path.suffix.lower()
    if reason := _no_file(path):
        if path.is_symlink() or suffix in SUFFIXES:
            finds.leave(path, reason)
    elif suffix in SUFFIXES:
        real = real or os.path.realpath(path)
        earlier = finds.files.setdefault(real, path)
        if earlier.is_symlink() and not path.is_symlink():
            finds.files[real], path = path, earlier
            earlier = finds.files[real]
        if earlier != path and path.is_symlink():
            finds.leave(path, f"a link to the same file as {earlier.name}")
    elif suffix in _UNREAD or (not suffix and _is_picture(path)):
        finds.unread[top, suffix].add(path)


def _no_file(path: Path) -> str:
    """Return why a path is no file that can be read, "" where it is one."""
    try:
        kind = os.stat(path).st_mode
    except FileNotFoundError:
        return "a link that leads nowhere"
    except OSError as error:
        if error.errno == errno.ELOOP:
            return "a link that leads to itself"
        return f"cannot be read: {error.strerror or type(error).__name__}"
    return "" if stat.S_ISREG(kind) else "a pipe, a socket or a device: no file"


def _is_picture(path: Path) -> bool:
    """Say whether a file without a suffix begins as pictures do."""
    try:
        with opened_regular(path) as file:
            head = file.read(12)
    except OSError:
        return False
    return head.startswith(_MAGIC) or (head[:4] == b"RIFF" and head[8:] == b"WEBP")


def _unread(finds: _Finds) -> Iterator[LeftOut]:
    """Yield an entry for each kind of picture that is not read, with how many there are."""
    for (top, suffix), paths in finds.unread.items():
        names = [path.name for path in sorted(paths, key=natural_key)]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        shown = ", ".join(names[:_NAMED]) + more
        many = f"{len(names):,} {_UNREAD.get(suffix, 'picture')}{'s' if len(names) > 1 else ''}"
        if suffix:
            yield LeftOut(top, f"{many} of a kind that is not read: {suffix} ({shown})")
        else:
            yield LeftOut(top, f"{many} without a suffix: give each one, like .jpg ({shown})")
