"""The same model and preparation as an API of LitServe: see `bench.serve`."""

import os
import sys

import litserve

from classifier.images import image_files
from tools.predict import Input, results
from tools.predictor import Predictor


class Classifier(litserve.LitAPI):
    def setup(self, device):
        self.predictor = Predictor()

    def decode_request(self, request):
        file = request["files"]
        return file.filename, file.file.read()

    def predict(self, sent):
        name, content = sent
        image = image_files.read(content, name, self.predictor.preparation)
        return results(self.predictor, [Input(name, image.pixels, image.notes)])

    def encode_response(self, rows):
        return rows


if __name__ == "__main__":
    cores = os.cpu_count()
    server = litserve.LitServer(Classifier(), accelerator="cpu", workers_per_device=cores)
    server.run(
        host="127.0.0.1",
        port=int(sys.argv[1]),
        num_api_servers=cores,
        log_level="error",
        generate_client_file=False,
        access_log=False,
    )
