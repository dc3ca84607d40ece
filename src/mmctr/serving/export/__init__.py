"""A bundle as a model of other runtimes: ONNX and torch.export."""
