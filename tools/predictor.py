"""The exported model as tools use it: without TensorFlow, and checked as a whole when loaded."""

import json
from pathlib import Path

import numpy as np

from classifier.errors import InputError
from classifier.images.outliers import Outliers
from classifier.images.preparation import Preparation
from classifier.surroundings import set_environment

MODEL = Path("models/model.onnx")
OUTLIERS = Path("models/outliers.npz")


class Predictor:
    """The exported model, its classes' names, how images are prepared, and which are outliers."""

    def __init__(self, model: Path = MODEL, described: Path = OUTLIERS):
        """Take an ONNX file and the description of its training images.

        Raises:
            InputError: a file is missing, damaged, or does not fit the other.
        """
        expected = "expected what `dvc repro` writes"
        for path in (model, described):
            if not path.exists():
                found = f"found no such file in {Path.cwd()}"
                raise InputError(f"{path}: {expected}, {found}; run `dvc pull` or `dvc repro`")
        try:
            self._load(model, described)
            self._check()
        except Exception as error:  # of many kinds, by what is damaged
            received = f"received: {error}; run `dvc repro -f export`"
            raise InputError(f"{model}, {described}: {expected}, {received}") from None

    def _load(self, model: Path, described: Path) -> None:
        set_environment()
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        providers = ["CPUExecutionProvider"]
        self.session = onnxruntime.InferenceSession(model, options, providers=providers)
        known = self.session.get_modelmeta().custom_metadata_map
        self.classes = json.loads(known["classes"])
        self.preparation = Preparation.model_validate_json(known["images"])
        with np.load(described, allow_pickle=False) as content:
            description = {name: content[name] for name in ("mean", "covariance", "limit")}
        self.outliers = Outliers(**description)

    def _check(self) -> None:
        """Raise ValueError unless the files fit each other, tried on an image."""
        shape = tuple(self.session.get_inputs()[0].shape[1:])
        if shape != self.preparation.shape:
            raise ValueError(f"a model of {shape}, where images become {self.preparation.shape}")
        names = self.classes
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError("its classes are no list of names")
        if len(set(names)) < len(names):
            raise ValueError("two of its classes have the same name")
        dot = np.zeros((1, *shape), np.uint8)
        dot[0, 0, 0] = 1
        probabilities, scores = self(dot)
        if probabilities.shape != (1, len(names)):
            shape = probabilities.shape
            raise ValueError(f"{len(names)} classes, and probabilities of shape {shape}")
        if not np.allclose(probabilities.sum(), 1, atol=1e-3):
            raise ValueError("its probabilities are no probabilities")
        limit = self.outliers.limit
        if scores.shape != (1,) or not (0 <= scores[0] < np.inf and 0 < limit < np.inf):
            raise ValueError("its outlier scores are no scores")

    def __call__(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return probabilities (n, classes) and outlier scores (n,).

        Images are uint8, (n, *shape of the preparation).
        """
        (probabilities,) = self.session.run(None, {"pixels": images.astype(np.float32)})
        return probabilities, self.outliers.scores(images)
