"""Questions to the user about what a model file does not tell."""

ANOMALIB_NORMALISATION = (
    "Which resize and normalisation did the training use? Newer exports of Anomalib have both in the graph: for "
    "them, set input.preset to Raw and input.scale to 0.00392157."
)
BINARY_MASK = (
    "Is it a mask of one class? For depth or another measure, set output.type to Tensor; for text detection, "
    "output.type to Detection and output.format to DbNet."
)
NORMALISATION = (
    "Which mean and std did the training use? Those of ImageNet are set, as in most training scripts; delete the "
    "preset if it took values from 0 to 1."
)
EARLIER_YOLOX = "Does the file expect BGR values from 0 to 255, as YOLOX does? Older versions of YOLOX do not."
IS_YOLOX = (
    "Is it YOLOv5 or v7? YOLOX has outputs of the same shape when the input's size is open: for that one, set "
    "output.format and input.preset to YoloX."
)
NO_OBJECT = (
    "Does the last class mean that there is no object, as in DETR? Then set output.format to Detr. RT-DETR, "
    "Deformable DETR and D-FINE have no such class: for them, set output.format to RtDetr."
)
PADDLE_NORMALISATION = (
    "Does the model expect mean [0.485, 0.456, 0.406] and std [0.229, 0.224, 0.225] (PicoDet), or values from 0 "
    "to 1 as they are (PP-YOLOE+)? Look for NormalizeImage in its infer_cfg.yml."
)
PADDLE_OCR_NORMALISATION = (
    "Which mean and std did the training use? PP-OCR before version 6: those of ImageNet; RapidOCR's "
    "configuration of PP-OCRv6: 0.5 and 0.5."
)
TEXT_DETECTOR = (
    "Is it a text detector? For any other map of probabilities, set output.type to Segmentation and output.format"
    " to Probability."
)
TRANSPOSED_V8 = (
    "Is it YOLOX? A table of YOLOv8 with a row for each prediction has the same shape with one class more: for that "
    "one, set output.format to YoloV8 and input.preset to Yolo."
)
