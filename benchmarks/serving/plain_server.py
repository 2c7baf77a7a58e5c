"""The plain way: FastAPI, and ``model.onnx`` in an ONNX Runtime session, one item at a time.

python plain_server.py MODEL PORT
"""

import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI, UploadFile

from headstart_runtime.inference.graph_inputs import load_graph_inputs
from headstart_runtime.inference.model_format import read_model
from headstart_runtime.libraries import import_onnxruntime
from headstart_runtime.modalities.given import open_item

folder = Path(sys.argv[1])
record = read_model(folder)
session = import_onnxruntime().InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
app = FastAPI()


@app.post("/v1/predict")
async def predict(file: UploadFile) -> dict[str, object]:
    """Answer one item."""
    item = open_item(record.modality, await file.read())
    (probabilities,) = session.run(["probabilities"], dict(load_graph_inputs(item, record)))
    best = int(probabilities.argmax())
    return {"label": record.classes[best], "probability": float(probabilities[best])}


@app.get("/healthz")
async def healthz() -> dict[str, bool]:
    """Say that it runs."""
    return {"live": True}


uvicorn.run(app, port=int(sys.argv[2]), log_level="error", access_log=False)
