"""The Open Inference Protocol, version 2, over REST: tensors of the model's feature vector in, probabilities out.

It has Triton's extension for binary tensors. Errors have the protocol's own form, ``{"error": "…"}``.
"""
