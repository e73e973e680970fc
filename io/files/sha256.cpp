#include "io/files/sha256.h"

#include <openssl/evp.h>

#include <array>
#include <memory>

#include "engine/error.h"
#include "io/files/input_file.h"

namespace revunet::io {

std::string sha256_of_file(const std::filesystem::path& path) {
  InputFile file(path);
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> state(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  bool good = state && EVP_DigestInit_ex(state.get(), EVP_sha256(), nullptr) == 1;
  std::array<char, 1 << 16> block;
  int64_t count = 0;
  while (good && (count = file.read(block.data(), std::ssize(block))) > 0) {
    good = EVP_DigestUpdate(state.get(), block.data(), static_cast<size_t>(count)) == 1;
  }
  std::array<unsigned char, 32> digest{};
  good = good && EVP_DigestFinal_ex(state.get(), digest.data(), nullptr) == 1;
  REVUNET_EXPECTS(good, Error, "[{}] expected a SHA-256 sum, got a failure of libcrypto", path.string());
  std::string text;
  for (const unsigned char byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace revunet::io
