#!/bin/sh
# Builds and runs bench/kernels.cc.
set -e
cmake --build --preset release --target r1_bench_kernels >&2
exec build/release/r1_bench_kernels
