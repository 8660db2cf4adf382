"""Getting the model and label files of a stage from where their URIs say they are."""
