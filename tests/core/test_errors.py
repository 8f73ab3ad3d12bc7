"""What an error says."""

import errno
import os

import pytest

from figureground.core.errors import FigureGroundError, is_short_of_memory
from figureground.networks.runtimes import runtime_errors


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)),
        RuntimeError("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Exception during initialization: std::bad_alloc"),
        RuntimeError("Failed to allocate memory for requested buffer of size 12845056"),
        ImportError("onnxruntime_pybind11_state.so: failed to map segment from shared object"),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    ],
    ids=str,
)
def test_libraries_say_in_their_ways_that_memory_is_short(error: Exception) -> None:
    assert is_short_of_memory(error)
    told = pytest.raises(FigureGroundError, match="it cannot be loaded: there is not enough memory")
    with told as caught, runtime_errors("it cannot be loaded", "a.onnx", "give a valid ONNX file"):
        raise error
    assert caught.value.remedy.startswith("free some memory")


def test_other_errors_are_others() -> None:
    for error in (ImportError("No module named 'onnxruntime'"), OSError(errno.ENOENT, "gone"), ValueError("memory")):
        assert not is_short_of_memory(error)
