// This file checks, reads and writes the JSON header of a safetensors file.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "io/files/safetensors.h"

namespace revunet::io {

inline constexpr char safetensors_metadata_key[] = "__metadata__";

// A TensorExtent says where a tensor lies in the data section, in bytes from its start.
struct TensorExtent {
  std::string name;
  std::optional<FileDtype> dtype;  // none: a counter
  std::vector<int64_t> shape;
  int64_t begin;
  int64_t end;
};

struct SafetensorsHeader {
  std::map<std::string, std::string> metadata;
  std::vector<TensorExtent> extents;  // in the order of their data, which they fill without overlap or gap
};

// `text` is the header of `file`, and `data_bytes` follow it. Throws DataError as read_safetensors does.
SafetensorsHeader parse_safetensors_header(const std::string& file, const std::string& text, int64_t data_bytes,
                                           Counters counters);

// Returns the header as JSON text, padded with spaces so that the data begins aligned. Throws Error for names that are
// not UTF-8.
std::string safetensors_header_of(const SafetensorsFile& contents);

}  // namespace revunet::io
