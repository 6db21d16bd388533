"""Two builds of the same commit: whether each image has the same digest, and if not, which files differ.

    python benchmarks/rebuild.py [--images api dashboard ...] [-- BUILD_ARGS of make images]

Builds images twice by `make images`, without a cache, with buildah (root), and compares the digests of their configurations,
which name each layer by its content. The name of the container that a builder ran in is left out: buildah writes it into
them, BuildKit does not. Exits with 1 where an image differs. It takes minutes.
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
from typing import TYPE_CHECKING, NamedTuple

from servers.containers import buildah

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
IMAGES = {
    "api": "api/Dockerfile",
    "dashboard": "streamlit_app/Dockerfile",
    "mlflow": "mlflow/Dockerfile",
    "monitoring": "deploy/monitoring.Dockerfile",
}
MOST_SHOWN = 20


class Built(NamedTuple):
    """An image by its identifier on this machine, and the digest of what is in it."""

    image: str
    digest: str


def main() -> int:
    """Build twice and print one line for each image."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", nargs="+", default=[*IMAGES], choices=[*IMAGES])
    parser.add_argument("arguments", nargs="*", help="further arguments of each build")
    given = parser.parse_args()
    first, second = (_built(" ".join(["--no-cache", *given.arguments]), given.images) for _ in range(2))
    differ = 0
    for name in given.images:
        before, after = first[name], second[name]
        if before.digest == after.digest:
            print(f"{name}: {before.digest} twice")
            continue
        differ += 1
        print(f"{name}: {before.digest} and {after.digest}")
        for line in _differences(before.image, after.image):
            print(f"  {line}")
    return bool(differ)


def _built(arguments: str, images: list[str]) -> dict[str, Built]:
    """Build images and return what each is."""
    files = " ".join(IMAGES[name] for name in images)
    subprocess.run(
        ["make", "images", f"DOCKERFILES={files}", f"BUILD_ARGS={arguments}"],
        cwd=ROOT,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return {name: _read(f"localhost/home-credit-{name}") for name in images}


def _read(image: str) -> Built:
    found = json.loads(buildah("inspect", "--type", "image", image))
    content = json.loads(found["Config"])
    for of_the_builder in ("container", "container_config"):
        content.pop(of_the_builder, None)
    content["config"].pop("Hostname", None)
    text = json.dumps(content, sort_keys=True)
    return Built(found["FromImageID"], "sha256:" + hashlib.sha256(text.encode()).hexdigest())


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
