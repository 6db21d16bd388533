"""The command ``home-credit`` as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from support.processes import PROCESSES

if TYPE_CHECKING:
    from collections.abc import Mapping

# For servers, and for tests of what a process imports.
COMMAND = [sys.executable, "-c", "from home_credit.cli.main import main; main()"]
# LightGBM imports scikit-learn and pandas where they are, which takes seconds; the image of the API has neither.
_AS_IN_THE_IMAGE = "import sys; sys.modules |= dict.fromkeys(('sklearn', 'pandas')); "
SERVE_API = [sys.executable, "-c", f"{_AS_IN_THE_IMAGE}{COMMAND[-1]}", "serve", "api"]
API_SERVER = [sys.executable, "-c", f"{_AS_IN_THE_IMAGE}from home_credit.api.server import main; main()"]
SECONDS = 240


def home_credit(
    *arguments: object, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, with more variables in its environment, in a folder, and return what it said.

    Raises:
        subprocess.TimeoutExpired: it took longer than :data:`SECONDS`.
    """
    line = [*map(str, arguments)]
    variables = {**os.environ, **(environment or {})}
    with TemporaryDirectory() as name:
        said = Path(name)
        process = PROCESSES.Process(target=_run, args=(line, variables, folder or Path.cwd(), said))
        process.start()
        process.join(SECONDS)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(line, SECONDS)
        output, error = ((said / stream).read_text(encoding="utf-8") for stream in ("stdout", "stderr"))
    return subprocess.CompletedProcess(line, process.exitcode, output, error)


def _run(arguments: list[str], environment: Mapping[str, str], folder: Path, said: Path) -> None:
    """Become the command: its variables, folder, output and arguments."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for stream, number in (("stdout", 1), ("stderr", 2)):
        with (said / stream).open("wb") as file:
            os.dup2(file.fileno(), number)
    sys.argv = ["home-credit", *arguments]

    from home_credit.cli.main import main  # noqa: PLC0415  # not for those who start it

    main()
