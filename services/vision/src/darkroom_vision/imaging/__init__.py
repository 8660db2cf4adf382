"""Decoding images, orientation, resizing, and the geometry between an image and a model's input."""

import os

from darkroom.image_header import MAX_PIXELS

# OpenCV reads its pixel limit once, on import: this line has to run before any module of the package imports it.
os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(MAX_PIXELS)
