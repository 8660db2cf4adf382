"""Computer vision with ONNX models, independent of Kafka and HTTP: decode, pre-process, run, interpret."""
