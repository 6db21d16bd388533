"""A connection to a Spark master, or one clear line that says why there is none."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import warnings
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from home_credit.errors import ClusterError, HomeCreditError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

# Seconds to wait for a master's port; Spark itself would try for a minute.
PATIENCE = 5.0
_HERE = "127.0.0.1"
_SETTINGS: dict[str, bool | float | int | str | None] = {
    # Each task computes on its own core.
    "spark.executorEnv.OMP_NUM_THREADS": "1",
    "spark.executorEnv.OPENBLAS_NUM_THREADS": "1",
    "spark.executorEnv.POLARS_MAX_THREADS": "1",
    # Progress is shown by the command.
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "50000",
}


@contextmanager
def connected(master: str) -> Iterator[SparkSession]:
    """Yield a session on ``master``: ``local[N]``, ``spark://HOST:PORT``, ``yarn`` or another that Spark knows.

    Further settings come from where Spark looks for them, such as ``spark-defaults.conf`` in ``SPARK_CONF_DIR``.
    Raises :class:`ClusterError` where Spark or Java is not installed, or the master does not answer, or a job fails.
    """
    _require_packages()
    _require_java()
    _require_master(master)
    from pyspark.errors import PySparkException  # noqa: PLC0415  # checked above
    from pyspark.sql import SparkSession  # noqa: PLC0415

    # Workers run the Python that this is; on another layout PYSPARK_PYTHON says which.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if _is_here(master):  # where the name of this machine need not resolve
        os.environ.setdefault("SPARK_LOCAL_IP", _HERE)
    with warnings.catch_warnings():
        # No table passes through pandas.
        warnings.filterwarnings("ignore", r"\s*PySpark does not yet fully support pandas")
        builder = SparkSession.builder.master(master).appName("home-credit")
        builder = builder.config(map=_SETTINGS | ({"spark.driver.host": _HERE} if _is_here(master) else {}))
        try:
            spark = builder.getOrCreate()
        except Exception as error:  # Py4J raises what the JVM does
            raise ClusterError(f"no Spark at {master}: {_line(error)}") from error
        try:
            yield spark
        except HomeCreditError:
            raise
        except PySparkException as error:
            raise ClusterError(f"the job failed on {master}: {_line(error)}") from error
        except Exception as error:
            if type(error).__module__.startswith("py4j"):
                raise ClusterError(f"the job failed on {master}: {_line(error)}") from error
            raise
        finally:
            spark.stop()


def _is_here(master: str) -> bool:
    return master.startswith("local") or urlsplit(master).hostname in {_HERE, "localhost"}


def _require_packages() -> None:
    missing = [name for name in ("pyspark", "pyarrow", "pandas") if find_spec(name) is None]
    if missing:
        raise ClusterError(
            f"Spark needs {', '.join(missing)}, not installed here: pip install 'home-credit-scoring[spark]'"
        )


def _require_java() -> None:
    home = os.environ.get("JAVA_HOME")
    if not shutil.which("java") and not (home and shutil.which("java", path=str(Path(home, "bin")))):
        raise ClusterError("Spark needs Java 17 or newer: no java on the PATH, nor in JAVA_HOME")


def _require_master(master: str) -> None:
    if not master.startswith("spark://"):
        return
    addresses = master.removeprefix("spark://").split(",")
    problem: object = "no address"
    for address in addresses:
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), PATIENCE).close()
        except (OSError, ValueError) as error:
            problem = error
        else:
            return
    raise ClusterError(f"no Spark at {master}: {problem}")


def _line(error: BaseException) -> str:
    """Return the most telling line of an error: the last of a Python traceback in it, or else its first."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    python = [line for line in lines if line.split(":")[0].endswith("Error") and not line.startswith("at ")]
    return (python or lines or [type(error).__name__])[-1 if python else 0]
