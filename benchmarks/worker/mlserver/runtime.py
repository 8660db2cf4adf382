"""An MLServer runtime that classifies JPEG files with an ONNX model. MLServer imports it, in its own environment.

One thread per run of the model, because MLServer has a process for each core.
"""

import io

import numpy as np
import onnxruntime
from mlserver import MLModel
from mlserver.codecs import Base64Codec, NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse
from PIL import Image

_COLORS = 3


class Classifier(MLModel):
    """Returns the scores and indices of the five best classes."""

    async def load(self) -> bool:
        """Load the model at `parameters.uri`."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(self._settings.parameters.uri, options)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Classify the image in the first input."""
        (image,) = Base64Codec.decode_input(payload.inputs[0])
        port = self._session.get_inputs()[0]
        _, channels, height, width = port.shape
        colors = "RGB" if channels == _COLORS else "L"
        picture = Image.open(io.BytesIO(image)).convert(colors).resize((width, height))
        pixels = np.asarray(picture, np.float32).reshape(height, width, channels).transpose(2, 0, 1)[None] / 255
        scores = self._session.run(None, {port.name: pixels})[0].ravel()
        best = np.argsort(scores)[::-1][:5]
        outputs = [NumpyCodec.encode_output("scores", scores[best]), NumpyCodec.encode_output("indices", best)]
        return InferenceResponse(id=payload.id, model_name=self.name, outputs=outputs)
