#!/usr/bin/env bash
# Packs what a machine with a GPU needs to run bench_gpu.py, where the project and its packages are not installed:
# benchmarks, GPU tests, golden files and shared libraries, all but CUDA's, cuDNN's, cuBLAS's and the C library.
#   bench/gpu/bundle.sh            writes build/gpu/revunet-gpu.tar.xz
# On that machine, run:  tar xf revunet-gpu.tar.xz && python3 revunet-gpu/bench/gpu/bench_gpu.py --out results
set -euo pipefail
cd "$(dirname "$0")/../.."
most=$((30 << 20))  # bytes, so that it can be carried anywhere
programs="bench-step bench-ops bench-plans test_gpu revunet-train revunet-phantom"
build=build/gpu bundle=build/gpu/revunet-gpu

cmake -B "$build/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DREVUNET_CUDA=ON -DREVUNET_NATIVE=OFF \
  -DREVUNET_CUDA_ARCHITECTURES="80;86;89;90;120" >/dev/null
# shellcheck disable=SC2086
cmake --build "$build/build" --target $programs

rm -rf "$bundle"
mkdir -p "$bundle/build/release/bin" "$bundle/build/release/lib" "$bundle/tests/golden"
for program in $programs; do
  strip -o "$bundle/build/release/bin/$program" "$build/build/bin/$program"
  ldd "$build/build/bin/$program"
done | awk '$2 == "=>" && $3 ~ /^\// {print $3}' | sort -u |
  grep -vE '/(libc|libm|libpthread|libdl|librt|ld-linux[^/]*|libcud[^/]*|libcublas[^/]*|libnv[^/]*)\.so' |
  while read -r library; do
    strip -o "$bundle/build/release/lib/$(basename "$library")" "$(realpath "$library")"
  done
cp -r bench "$bundle/"
rm -rf "$bundle/bench/results"
cp tests/golden/*_tiny*.safetensors tests/golden/ops.safetensors tests/golden/torch_revunet.py "$bundle/tests/golden/"
# With -9, xz looks back 64 MiB and so finds the code again that the programs share.
tar -C "$build" --sort=name --owner=0 --group=0 -c revunet-gpu | xz -9 >"$build/revunet-gpu.tar.xz"
size=$(stat -c %s "$build/revunet-gpu.tar.xz")
if ((size > most)); then
  echo "bundle.sh: error: expected an archive of at most $((most >> 20)) MiB, got $((size >> 20)) MiB in" \
    "$build/revunet-gpu.tar.xz; leave programs or architectures out of this script" >&2
  exit 1
fi
echo "$build/revunet-gpu.tar.xz: $((size >> 20)) MiB"
