// This file computes the SHA-256 of files, as the command sha256sum prints it.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

namespace revunet::io {

// A Sha256 sums bytes that come one part after the other. Throws Error where libcrypto fails.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void add(const void* bytes, size_t size);
  // Returns the sum of all bytes as 64 hexadecimal digits. Nothing can be added after it.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Returns the SHA-256 of the file's bytes, as 64 hexadecimal digits. Throws DataError where the file cannot be read.
std::string sha256_of_file(const std::filesystem::path& path);

// SumOfFile has the SHA-256 of files whose bytes were read for another reason.
using SumOfFile = std::map<std::filesystem::path, std::string>;

}  // namespace revunet::io
