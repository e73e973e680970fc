#include "io/files/safetensors.h"

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

#include "engine/error.h"
#include "io/files/atomic_file.h"
#include "io/files/input_file.h"
#include "io/files/safetensors_header.h"
#include "io/text/printable.h"

namespace revunet::io {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors data is copied without byte swapping");

constexpr int64_t length_bytes = 8;                // the u64 in front of the header
constexpr int64_t max_header_bytes = 100'000'000;  // the format's limit, against headers made to exhaust memory
constexpr size_t max_listed_names = 12;            // keeps the message of at() readable

// Allocates a tensor's bytes. The file is at least as long.
std::vector<std::byte> room_for(const TensorExtent& extent, const std::string& file) try {
  return std::vector<std::byte>(static_cast<size_t>(extent.end - extent.begin));
} catch (const std::bad_alloc&) {
  throw DataError(
      fmt::format("[{}] expected memory for tensor '{}', {:.1f} GiB, got none; check that it is the right "
                  "file, or free memory",
                  file, excerpt(extent.name), static_cast<double>(extent.end - extent.begin) / 0x1p30));
}

// A Reader is the open file, with the number of bytes that are left.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : file_(path.string()), input_(path), remaining_(input_.size()) {}

  const std::string& file() const { return file_; }
  int64_t remaining() const { return remaining_; }

  void read(void* target, int64_t bytes) {
    const int64_t count = input_.read(target, bytes);
    REVUNET_EXPECTS(count == bytes, DataError,
                    "[{}] expected {} more bytes, got {}; the file changed while it was read: try again", file_, bytes,
                    count);
    remaining_ -= bytes;
  }

  std::string read_header() {
    REVUNET_EXPECTS(remaining_ > length_bytes, DataError,
                    "[{}] expected a header length of {} bytes and a header, got a file of {} bytes; it was cut or is "
                    "not a safetensors file",
                    file_, length_bytes, remaining_);
    uint64_t header_bytes = 0;
    read(&header_bytes, length_bytes);
    const int64_t largest = std::min(max_header_bytes, remaining_);
    REVUNET_EXPECTS(header_bytes <= static_cast<uint64_t>(largest), DataError,
                    "[{}] expected a header of at most {} bytes, got a length of {}; the file was cut or is not a "
                    "safetensors file",
                    file_, largest, header_bytes);
    std::string text(header_bytes, '\0');
    read(text.data(), static_cast<int64_t>(header_bytes));
    return text;
  }

 private:
  std::string file_;
  InputFile input_;
  int64_t remaining_;
};

}  // namespace

void SafetensorsFile::add(std::string name, HostTensor tensor) {
  REVUNET_EXPECTS(name != safetensors_metadata_key, Error,
                  "[{}] expected a tensor's name, got {}, which the format reserves; rename", origin_,
                  safetensors_metadata_key);
  REVUNET_EXPECTS(index_.emplace(name, entries_.size()).second, Error,
                  "[{}] expected each name once, got '{}' twice; rename one of the tensors", origin_, name);
  entries_.push_back({std::move(name), std::move(tensor)});
}

const HostTensor& SafetensorsFile::at(std::string_view name) const {
  const auto found = index_.find(std::string(name));
  if (found != index_.end()) return entries_[found->second].tensor;
  std::string listed;
  for (size_t i = 0; i < std::min(entries_.size(), max_listed_names); ++i) {
    listed += fmt::format("{}'{}'", i == 0 ? "" : ", ", excerpt(entries_[i].name));
  }
  throw DataError(
      fmt::format("[{}] expected a tensor named '{}', got {} others ({}{}); the file belongs to another "
                  "network or is of another kind",
                  origin_, name, entries_.size(), listed, entries_.size() > max_listed_names ? ", ..." : ""));
}

SafetensorsFile SafetensorsFile::renamed(const std::function<std::string(const std::string&)>& name_of) && {
  SafetensorsFile result;
  result.metadata = std::move(metadata);
  result.origin_ = std::move(origin_);
  result.counters_ = std::move(counters_);
  for (Entry& entry : entries_) result.add(name_of(entry.name), std::move(entry.tensor));
  return result;
}

SafetensorsFile read_safetensors(const std::filesystem::path& path, Counters counters) {
  Reader reader(path);
  SafetensorsFile contents;
  contents.origin_ = reader.file();
  const std::string text = reader.read_header();
  SafetensorsHeader header = parse_safetensors_header(reader.file(), text, reader.remaining(), counters);
  contents.metadata = std::move(header.metadata);
  for (TensorExtent& extent : header.extents) {
    std::vector<std::byte> bytes = room_for(extent, reader.file());
    reader.read(bytes.data(), std::ssize(bytes));
    if (!extent.dtype) {
      contents.counters_.push_back(std::move(extent.name));
      continue;
    }
    contents.add(std::move(extent.name),
                 HostTensor::from_bytes(*extent.dtype, std::move(extent.shape), std::move(bytes)));
  }
  return contents;
}

void write_safetensors(const std::filesystem::path& path, const SafetensorsFile& contents,
                       const std::filesystem::path& previous) {
  const std::string header = safetensors_header_of(contents);
  const uint64_t header_bytes = header.size();
  AtomicFile file(path);
  file.write(&header_bytes, length_bytes);
  file.write(header);
  for (const auto& [name, tensor] : contents.entries()) {
    file.write(tensor.bytes().data(), static_cast<int64_t>(tensor.bytes().size()));
  }
  file.commit(previous);
}

}  // namespace revunet::io
