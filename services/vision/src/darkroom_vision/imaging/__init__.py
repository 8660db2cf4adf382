"""The image itself: decoding, orientation, resizing, and the geometry between an image and a model's input."""
