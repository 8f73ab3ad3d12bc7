"""Builds the compiled kernel; where that fails, figureground is installed without it and works in numpy, slower."""

from pathlib import Path

from setuptools import Extension, setup

NATIVE = Path("src/figureground/native")

setup(
    ext_modules=[
        Extension(
            "figureground.native._kernel",
            sorted(path.as_posix() for path in NATIVE.glob("*.c")),
            depends=[path.as_posix() for path in NATIVE.glob("*.h")],
            define_macros=[("Py_LIMITED_API", "0x030B0000")],
            # a*b + c must round twice, as numpy does, on processors that could do it in one step, too
            extra_compile_args=["-O3", "-ffp-contract=off", "-fvisibility=hidden", "-Wall", "-Wextra"],
            py_limited_api=True,
            optional=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
