"""The model as a file for other programs: an ONNX graph, checked against ours. Start with `model.py`."""
