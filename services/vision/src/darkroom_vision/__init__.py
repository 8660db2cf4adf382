"""Images and models, without Kafka and without HTTP: decode, pre-process, infer, interpret."""
