"""Reads and writes safetensors: u64 header length | JSON header | tensor bytes, little-endian."""

import json
import struct
import sys
from array import array

import torch

DTYPES = {"F32": (torch.float32, "f"), "I32": (torch.int32, "i")}
NAMES = {torch_type: name for name, (torch_type, _) in DTYPES.items()}


def save(path, tensors, metadata):
    """tensors: name -> float32 or int32 tensor. metadata: name -> string."""
    assert sys.byteorder == "little"
    header, payload = {"__metadata__": metadata}, b""
    for name, tensor in sorted(tensors.items()):
        dtype = NAMES[tensor.dtype]
        data = array(DTYPES[dtype][1], tensor.flatten().tolist()).tobytes()
        header[name] = {
            "dtype": dtype,
            "shape": list(tensor.shape),
            "data_offsets": [len(payload), len(payload) + len(data)],
        }
        payload += data
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + payload)


def load(path):
    """Returns (name -> tensor, metadata)."""
    with open(path, "rb") as file:
        blob = file.read()
    (length,) = struct.unpack_from("<Q", blob)
    header = json.loads(blob[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        torch_type, code = DTYPES[entry["dtype"]]
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        values = array(code)
        values.frombytes(blob[begin:end])
        tensors[name] = torch.tensor(values.tolist(), dtype=torch_type).reshape(entry["shape"])
    return tensors, metadata
