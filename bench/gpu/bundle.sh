#!/usr/bin/env bash
# Copies the shared libraries that the programs of a build need, except for CUDA's and the C library's, into its lib/,
# so that the build can be carried to a machine without the packages.
#   bench/gpu/bundle.sh [BUILD]
set -euo pipefail
build=$(realpath "${1:-$(dirname "$0")/../../build/release}")
mkdir -p "$build/lib"
for program in "$build"/bin/{revunet-*,bench-*,test_gpu}; do
  ldd "$program"
done | awk '$2 == "=>" && $3 ~ /^\// {print $3}' | sort -u |
  grep -vE '/(libc|libm|libpthread|libdl|librt|ld-linux[^/]*|libcud[^/]*|libcublas[^/]*|libnv[^/]*)\.so' |
  while read -r library; do cp -Lu "$library" "$build/lib/"; done
du -sh "$build/lib"
