"""The model for TensorFlow Lite: pixels 0 to 255 in, class probabilities out."""

import warnings
from pathlib import Path

import numpy as np


def write_tflite(model, path: Path) -> None:
    """Write a Keras `model` for TensorFlow Lite."""
    model.export(path, format="litert", verbose=False)


class TFLiteModel:
    """A loaded model, for any number of images at a time."""

    def __init__(self, path: Path):
        import tensorflow as tf

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # "will be moved to another package"
            self.interpreter = tf.lite.Interpreter(str(path))
        self.pixels = self.interpreter.get_input_details()[0]["index"]
        self.probabilities = self.interpreter.get_output_details()[0]["index"]
        self.shape = None

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Return probabilities, (n, classes), of uint8 images."""
        if images.shape != self.shape:
            self.interpreter.resize_tensor_input(self.pixels, images.shape)
            self.interpreter.allocate_tensors()
            self.shape = images.shape
        self.interpreter.set_tensor(self.pixels, images.astype(np.float32))
        self.interpreter.invoke()
        return self.interpreter.get_tensor(self.probabilities)
