"""The image itself: decoding, orientation, resizing, and the geometry between an image and a model's input."""

import os

from darkroom.image_header import MAX_PIXELS

# OpenCV reads its limit once, when it is imported: no module of this package can import it before this line.
os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(MAX_PIXELS)
