"""The same model and preparation as a service of BentoML: see `bench.serve`."""

from pathlib import Path

import bentoml

from classifier.images import image_files
from tools.predict import Input, results
from tools.predictor import Predictor


@bentoml.service(workers="cpu_count")
class Classifier:
    def __init__(self):
        self.predictor = Predictor()

    @bentoml.api(route="/predict")
    def predict(self, files: list[Path]) -> list[dict]:
        inputs = []
        for path in files:
            image = image_files.read(path, path.name, self.predictor.preparation)
            inputs.append(Input(path.name, image.pixels, image.notes))
        return results(self.predictor, inputs)
