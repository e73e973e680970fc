#include "io/files/sha256.h"

#include <openssl/evp.h>

#include <array>

#include "engine/error.h"
#include "io/files/input_file.h"

namespace revunet::io {
namespace {

void expect_success(int status) {
  REVUNET_EXPECTS(status == 1, Error, "[sha256] expected a SHA-256 sum, got a failure of libcrypto; free memory");
}

}  // namespace

struct Sha256::State {
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  expect_success(state_->context ? EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr) : 0);
}

Sha256::~Sha256() = default;

void Sha256::add(const void* bytes, size_t size) {
  expect_success(EVP_DigestUpdate(state_->context.get(), bytes, size));
}

std::string Sha256::finish() {
  std::array<unsigned char, 32> digest{};
  expect_success(EVP_DigestFinal_ex(state_->context.get(), digest.data(), nullptr));
  std::string text;
  for (const unsigned char byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

std::string sha256_of_file(const std::filesystem::path& path) {
  InputFile file(path);
  Sha256 sum;
  std::array<char, 1 << 16> block;
  while (const int64_t count = file.read(block.data(), std::ssize(block))) {
    sum.add(block.data(), static_cast<size_t>(count));
  }
  return sum.finish();
}

}  // namespace revunet::io
