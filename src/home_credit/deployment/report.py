"""The summary and the outputs of a rollout for GitHub Actions; nothing is written elsewhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from home_credit.deployment.rollout import Addresses


def deployed(addresses: Addresses, commit: str, environment: Mapping[str, str] = os.environ) -> None:
    """Write the three addresses to the files that GitHub Actions names in ``environment``."""
    rows = {
        "API": addresses.api,
        "Dashboard": addresses.dashboard,
        "MLflow": addresses.mlflow,
    }
    table = [f"| {name} | <{url}> |" for name, url in rows.items()]
    _append(
        environment.get("GITHUB_STEP_SUMMARY"),
        [f"## Deployed {commit[:12]}", "", "| service | address |", "|---|---|", *table],
    )
    outputs = [f"{name.lower()}_url={url}" for name, url in rows.items()]
    _append(environment.get("GITHUB_OUTPUT"), outputs)


def not_deployed(
    problem: str, log: Sequence[str], commit: str, environment: Mapping[str, str] = os.environ
) -> None:
    """Write the error and every step of the rollout to the summary."""
    _append(
        environment.get("GITHUB_STEP_SUMMARY"),
        [f"## Not deployed: {commit[:12]}", "", problem, "", "```text", *log, "```"],
    )


def skipped(reason: str, environment: Mapping[str, str] = os.environ) -> None:
    """Write why there was no rollout to the summary."""
    _append(environment.get("GITHUB_STEP_SUMMARY"), ["## Not deployed: skipped", "", reason])


def _append(file: str | None, lines: Sequence[str]) -> None:
    if file:
        with Path(file).open("a", encoding="utf-8") as out:
            out.writelines(f"{line}\n" for line in lines)
