"""Process-wide settings of the native libraries, made once, before the loops start."""

import cv2


def one_thread_a_loop() -> None:
    """Keep OpenCV from starting threads of its own, and from writing about bad images on standard error.

    A worker's loops are its parallelism: a pool below them would only make them wait for each other. ONNX Runtime is
    told the same with each session.
    """
    cv2.setNumThreads(1)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
