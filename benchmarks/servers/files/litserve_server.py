"""LitServe: one worker that multiplies a ready vector. Takes the port as its argument."""

import os
import sys

import lightgbm as lgb
import litserve as ls
import numpy as np


class Model(ls.LitAPI):  # type: ignore[misc]  # from a package that is not installed here
    """The booster."""

    def setup(self, _device: str) -> None:
        """Load it."""
        self._booster = lgb.Booster(model_file=os.environ["MODEL_FILE"])

    def decode_request(self, request: dict[str, list[list[float]]]) -> list[list[float]]:
        """Return the rows."""
        return request["rows"]

    def predict(self, rows: list[list[float]]) -> list[float]:
        """Return the probability of each row."""
        return self._booster.predict(np.array(rows)).tolist()  # type: ignore[no-any-return]

    def encode_response(self, probabilities: list[float]) -> dict[str, list[float]]:
        """Return the answer."""
        return {"probabilities": probabilities}


if __name__ == "__main__":
    server = ls.LitServer(Model(), accelerator="cpu", devices=1, workers_per_device=1)
    server.run(
        host="127.0.0.1",
        port=int(sys.argv[1]),
        num_api_servers=1,
        generate_client_file=False,
        log_level="warning",
    )
