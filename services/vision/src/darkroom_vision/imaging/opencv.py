"""Process-wide OpenCV settings."""

import cv2


def configure_opencv() -> None:
    """Turn off OpenCV's threads and its messages about bad images on stderr. Call once, at startup.

    A worker runs its loops in parallel; a thread pool below them would only make them wait for each other. ONNX Runtime
    gets the same setting per session.
    """
    cv2.setNumThreads(1)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
