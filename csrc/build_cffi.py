"""Write the C source of the extension module from kernels.h; run by CMake.

Usage: python build_cffi.py kernels.h output.c
"""

import re
import sys
from pathlib import Path

from cffi import FFI


def declarations(header: str) -> str:
    """Give the header without its preprocessor lines, which cffi cannot read."""
    return re.sub(r"^#.*$", "", header, flags=re.MULTILINE)


def main(header: str, output: str) -> None:
    """Generate."""
    ffi = FFI()
    ffi.cdef(declarations(Path(header).read_text(encoding="utf-8")))
    ffi.set_source("postproc._kernels", '#include "kernels.h"', py_limited_api=True)
    ffi.emit_c_code(output)


if __name__ == "__main__":
    main(*sys.argv[1:])
