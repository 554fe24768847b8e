"""The model as ONNX: pixels 0 to 255 in, class probabilities out; it knows its classes' names."""

import json
from pathlib import Path

import numpy as np

from classifier.exports.onnx_graph import rename, replace_erfc
from classifier.images.preparation import Preparation


def write_onnx(model, classes: list[str], preparation: Preparation, path: Path) -> None:
    """Write a Keras `model` as ONNX.

    What goes in is named `pixels`, what comes out `probabilities`. The metadata have, as JSON,
    `classes`, a list of their names, and `images`, how image files are prepared.
    """
    import onnx

    model.export(path, format="onnx", verbose=False)
    proto = onnx.load(path)
    graph = proto.graph
    replace_erfc(graph)
    rename(graph)
    graph.ClearField("doc_string")  # which counts what Keras has called before
    names = {graph.input[0].name: "pixels", graph.output[0].name: "probabilities"}
    for value in (*graph.input, *graph.output):
        value.name = names[value.name]
        value.type.tensor_type.shape.dim[0].dim_param = "images"
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    onnx.helper.set_model_props(
        proto, {"classes": json.dumps(classes), "images": preparation.model_dump_json()}
    )
    onnx.checker.check_model(proto)
    path.write_bytes(proto.SerializeToString(deterministic=True))


def predict_onnx(path: Path, images: np.ndarray) -> np.ndarray:
    """Return probabilities, (n, classes), of uint8 images by onnxruntime."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {"pixels": images.astype(np.float32)})[0]
