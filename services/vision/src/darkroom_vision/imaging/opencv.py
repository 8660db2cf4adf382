"""OpenCV's settings for the whole process."""

import cv2


def configure_opencv() -> None:
    """Use no threads of OpenCV's own, and write nothing about bad images to standard error. Call once, at start.

    A worker's loops are its parallelism: a thread pool below them would only make them wait for each other.
    ONNX Runtime gets the same setting with each session.
    """
    cv2.setNumThreads(1)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
