"""The version of the feature definitions does not depend on the process that computes it."""

from __future__ import annotations

import os
import subprocess
import sys

from home_credit.features.version import definitions_version, history_version


def test_the_version_is_the_same_in_every_process() -> None:
    code = (
        "from home_credit.features.version import definitions_version, history_version\n"
        "print(definitions_version('terms'), history_version())"
    )
    for seed in ("1", "2"):
        ran = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert ran.stdout.split() == [definitions_version("terms"), history_version()]
    assert definitions_version("other terms") != definitions_version("terms")
