#!/bin/sh
# The NEON kernels equal the plain ones bit for bit, under qemu-user. Needs a cross compiler and qemu, which it installs, and the arm64
# package of Highway, which it unpacks into build/neon without installing it.
set -e
cd "$(dirname "$0")/../.."
export DEBIAN_FRONTEND=noninteractive
apt-get install -y -qq g++-aarch64-linux-gnu qemu-user-static >/dev/null
dpkg --add-architecture arm64
apt-get update -qq
mkdir -p build/neon/root
(cd build/neon && apt-get download libhwy1:arm64 libhwy-dev:arm64 2>/dev/null && for package in libhwy*.deb; do dpkg -x "$package" root; done)
libraries=$PWD/build/neon/root/usr/lib/aarch64-linux-gnu
cat > build/neon/main.cc <<'CODE'
#include <cstdio>

#include "kernels/targets.h"

int main() {
  int bad = 0;
  for (const r1::Kernels* k : r1::all_kernels()) {
    const std::string failed = r1::self_check(*k);
    std::printf("%s: %s\n", k->name, failed.empty() ? "equal to the plain kernels" : failed.c_str());
    bad += !failed.empty();
  }
  return bad;
}
CODE
aarch64-linux-gnu-g++ -march=armv8-a+crypto -std=c++20 -O1 -ffp-contract=off -fno-math-errno -DHWY_SHARED_DEFINE -Isrc \
  -Ibuild/neon/root/usr/include build/neon/main.cc src/kernels/simd_targets.cc src/kernels/plain_target.cc src/kernels/targets.cc \
  src/kernels/self_check.cc src/kernels/scalar_math.cc src/base/rng.cc src/base/result.cc -L"$libraries" -lhwy -o build/neon/check
qemu-aarch64-static -L /usr/aarch64-linux-gnu -E LD_LIBRARY_PATH="$libraries" build/neon/check | tee build/neon/result
grep -q '^NEON: equal' build/neon/result
