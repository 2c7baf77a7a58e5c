"""LitServe around the same classifier, which gathers batches of its own: started by a Python that has litserve.

python lit_server.py MODEL PORT
"""

import sys
from typing import Any

import litserve
from fastapi import Request, Response

from headstart_runtime import load


class Api(litserve.LitAPI):  # type: ignore[misc]
    """A classifier as LitServe has it."""

    def setup(self, device: str) -> None:
        """Load it."""
        self.classifier = load(sys.argv[1], "openvino")

    def decode_request(self, request: Request) -> bytes:
        """Return an item's bytes: of a form LitServe gives the files by name."""
        content: bytes = request["file"].file.read()  # type: ignore[index]
        return content

    def batch(self, inputs: list[bytes]) -> list[bytes]:
        """Return items as they are."""
        return inputs

    def predict(self, items: list[bytes]) -> list[dict[str, Any]]:
        """Answer items."""
        return [answer.to_json() for answer in self.classifier.predict(items)]

    def unbatch(self, output: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return answers as they are."""
        return output

    def encode_response(self, output: dict[str, Any]) -> Response:
        """Return an answer."""
        return output


if __name__ == "__main__":
    api = Api(max_batch_size=16, batch_timeout=0.005, api_path="/v1/predict")
    litserve.LitServer(api, accelerator="cpu").run(port=int(sys.argv[2]), log_level="error", generate_client_file=False)
