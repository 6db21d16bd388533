"""The request body of ``infer`` in OpenAPI; FastAPI cannot derive it, since it knows no binary tensors."""

from typing import Any

from home_credit.api.inference.messages import BINARY, HEADER_LENGTH, JSON, OUTPUT
from home_credit.api.inference.tensors import NUMBERS, TEXT
from home_credit.api.inference.vectors import MAX_ROWS

_LENGTHS = {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1, "maxItems": 2}
_TENSOR = {
    "type": "object",
    "required": ["name", "shape", "datatype"],
    "properties": {
        "name": {"type": "string"},
        "shape": _LENGTHS | {"description": f"at most {MAX_ROWS} rows"},
        "datatype": {"enum": [*NUMBERS, TEXT]},
        "parameters": {
            "type": "object",
            "properties": {"binary_data_size": {"type": "integer", "minimum": 0}},
        },
        "data": {"type": "array", "description": "flat in row-major order or nested; null is missing"},
    },
}
_OUTPUT = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"enum": [OUTPUT]},
        "parameters": {"type": "object", "properties": {"binary_data": {"type": "boolean"}}},
    },
}
_REQUEST = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {"type": "string"},
        "inputs": {
            "type": "array",
            "items": _TENSOR,
            "minItems": 1,
            "description": "one tensor [n, features] in the order of the metadata, or one tensor [n] per feature",
        },
        "outputs": {"type": "array", "items": _OUTPUT, "maxItems": 1},
        "parameters": {"type": "object", "properties": {"binary_data_output": {"type": "boolean"}}},
    },
}
INFER: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {"schema": _REQUEST},
            BINARY: {
                "schema": {
                    "type": "string",
                    "format": "binary",
                    "description": f"JSON of the length in the header {HEADER_LENGTH}, then the binary tensors",
                }
            },
        },
    }
}
