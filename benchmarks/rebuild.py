"""Two builds of the same commit: whether each image has the same digest, and if not, which files differ.

    python benchmarks/rebuild.py [--images api dashboard ...] [-- BUILD_ARGS of make images]

Builds all images twice by `make images`, without a cache, with buildah (root) and compares their identifiers: the digest of
an image's configuration, which names each layer by its content. Exits with 1 where an image differs. It takes minutes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import stat
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from servers.containers import buildah

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
IMAGES = ("api", "dashboard", "mlflow", "monitoring")
MOST_SHOWN = 20


def main() -> int:
    """Build twice and print one line for each image."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", nargs="+", default=IMAGES, choices=IMAGES)
    parser.add_argument("arguments", nargs="*", help="further arguments of each build")
    given = parser.parse_args()
    first, second = (_built(" ".join(["--no-cache", *given.arguments]), given.images) for _ in range(2))
    differ = 0
    for name in given.images:
        if first[name] == second[name]:
            print(f"{name}: {first[name]} twice")
            continue
        differ += 1
        print(f"{name}: {first[name]} and {second[name]}")
        for line in _differences(first[name], second[name]):
            print(f"  {line}")
    return bool(differ)


def _built(arguments: str, images: tuple[str, ...]) -> dict[str, str]:
    """Build all images and return the identifier of each."""
    subprocess.run(
        ["make", "images", f"BUILD_ARGS={arguments}"], cwd=ROOT, check=True, stdin=subprocess.DEVNULL
    )
    return {
        name: json.loads(buildah("inspect", "--type", "image", f"localhost/home-credit-{name}"))[
            "FromImageID"
        ]
        for name in images
    }


def _differences(first: str, second: str) -> list[str]:
    """Return what differs between two images: configuration, then files."""
    with _root(first) as one, _root(second) as other:
        before, after = _files(one), _files(other)
    changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    lines = [f"{path}: {before.get(path, 'missing')} / {after.get(path, 'missing')}" for path in changed]
    if not lines:
        return ["the files are the same; the configuration differs"]
    return lines[:MOST_SHOWN] + ([f"and {len(lines) - MOST_SHOWN} more"] if len(lines) > MOST_SHOWN else [])


@contextmanager
def _root(image: str) -> Iterator[Path]:
    container = buildah("from", "--pull-never", image)
    try:
        yield Path(buildah("mount", container))
    finally:
        buildah("rm", container)


def _files(root: Path) -> dict[str, str]:
    """Return mode, owner, time and content of every file, by its path."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder) / name
            of = path.lstat()
            content = ""
            if stat.S_ISREG(of.st_mode):
                content = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
            elif stat.S_ISLNK(of.st_mode):
                content = str(path.readlink())
            what = (oct(of.st_mode), of.st_uid, of.st_gid, int(of.st_mtime), content)
            found[str(path.relative_to(root))] = " ".join(map(str, what))
    return found


if __name__ == "__main__":
    sys.exit(main())
