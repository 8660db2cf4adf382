"""Presets: the pre-processing of model families.

Sources of the values:

- ImageNet: torchvision's `ImageClassification` preset (resize 256, crop 224, mean, std); timm's
  `IMAGENET_DEFAULT_MEAN`, `IMAGENET_DEFAULT_STD` and `DEFAULT_CROP_PCT` (0.875).
- Yolo: Ultralytics' `LetterBox` (padding value 114, centred, `cv2.INTER_LINEAR`, stride 32), image size 640.
- YoloX: YOLOX' `preproc` (padding value 114, at the top left, BGR, no scaling).
- Clip: OpenAI's `clip._transform` (bicubic, crop 224, mean, std).
- Tf, Caffe: Keras' `imagenet_utils.preprocess_input` in the modes "tf" and "caffe".
- PaddleOcr: PaddleOCR's `DetResizeForTest` with `NormalizeImage` for whole pages, and `resize_norm_img` for lines. Both
  read images as BGR and apply ImageNet's values in the order in which they stand.
"""

from dataclasses import dataclass

from darkroom.api.input import ColorOrder, Interpolation, Layout, PadAt, Preset
from darkroom_vision.imaging.framing import Resize, Rounding

_IMAGENET_MEAN, _IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_TALLEST_LINE = 64
"""In pixels. PaddleOCR's inputs are 32 or 48 pixels high for lines, and several times as high for pages."""


@dataclass(frozen=True, slots=True)
class PresetValues:
    """The values of input fields that the stage does not set. The defaults are those without a preset.

    Attributes:
        scale: None means 1/255, or 1 for UInt8.
        layout: used if the model file does not determine it.
        side: width and height in pixels of a model that leaves both open, unless `longest_side` is set.
    """

    resize: Resize = "Stretch"
    crop_fraction: float = 1.0
    pad: int = 0
    pad_at: PadAt = "Center"
    interpolation: Interpolation = "Bilinear"
    antialias: bool = True
    enlarge: bool = True
    colors: ColorOrder = "RGB"
    scale: float | None = None
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    layout: Layout = "NCHW"
    side: int | None = None
    longest_side: int | None = None
    multiple_of: int = 1
    rounding: Rounding = "Nearest"


_DEFAULTS = PresetValues()
_PADDLE_LINES = PresetValues(
    resize="Letterbox",
    pad=128,
    pad_at="TopLeft",
    antialias=False,
    colors="BGR",
    scale=1 / 255,
    mean=(0.5,),
    std=(0.5,),
    rounding="TextLine",
)
_PRESETS: dict[Preset, PresetValues] = {
    "ImageNet": PresetValues(
        resize="Crop", crop_fraction=0.875, scale=1 / 255, mean=_IMAGENET_MEAN, std=_IMAGENET_STD, side=224
    ),
    "Yolo": PresetValues(resize="Letterbox", pad=114, antialias=False, scale=1 / 255, longest_side=640, multiple_of=32),
    "YoloX": PresetValues(
        resize="Letterbox",
        pad=114,
        pad_at="TopLeft",
        antialias=False,
        colors="BGR",
        scale=1.0,
        side=640,
        multiple_of=32,
        rounding="Down",
    ),
    "Clip": PresetValues(
        resize="Crop",
        interpolation="Bicubic",
        scale=1 / 255,
        mean=(0.48145466, 0.4578275, 0.40821073),
        std=(0.26862954, 0.26130258, 0.27577711),
        side=224,
    ),
    "Tf": PresetValues(scale=1 / 127.5, mean=(1.0,), layout="NHWC"),
    "Caffe": PresetValues(colors="BGR", scale=1.0, mean=(103.939, 116.779, 123.68)),
    "PaddleOcr": PresetValues(
        antialias=False,
        enlarge=False,
        colors="BGR",
        scale=1 / 255,
        mean=_IMAGENET_MEAN,
        std=_IMAGENET_STD,
        longest_side=960,
        multiple_of=32,
        rounding="Down",
    ),
    "Raw": PresetValues(scale=1.0),
}


def preset_values(preset: Preset | None, height: int | None) -> PresetValues:
    """The values of `preset`, or the defaults without one.

    Args:
        preset: the name in the manifest.
        height: height of the model's input in pixels; None if open. With PaddleOcr, up to 64 means a line of text.
    """
    if preset is None:
        return _DEFAULTS
    if preset == "PaddleOcr" and height is not None and height <= _TALLEST_LINE:
        return _PADDLE_LINES
    return _PRESETS[preset]
