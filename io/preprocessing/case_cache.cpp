#include "io/preprocessing/case_cache.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <span>

#include "engine/error.h"
#include "io/files/atomic_file.h"
#include "io/files/folders.h"
#include "io/files/input_file.h"
#include "io/files/json_file.h"
#include "io/preprocessing/preprocessing.h"
#include "io/preprocessing/resampled_case.h"
#include "io/text/utf8.h"

namespace revunet::io {

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr const char* kFormat = "revunet-case-4";
constexpr size_t kLongestHeader = size_t{1} << 20;  // bytes
constexpr size_t kChecksumLength = 9;               // eight hexadecimal digits and a line break

// Returns what the case was made from: files, frames in them, and what the task says of them.
// The times of change (ctime) are included, because tools that copy restore those of modification.
json sources_of(const CaseFiles& files) {
  json sources = json::array();
  for (const auto& [role, path] : files_of(files)) {
    struct stat status {};
    REVUNET_EXPECTS(::stat(path.c_str(), &status) == 0, DataError, "[{}] expected a file that can be read, got: {}",
                    path.string(), std::strerror(errno));
    sources.push_back({escaped_utf8(fs::absolute(path).lexically_normal().string()), status.st_size,
                       status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec});
  }
  for (const ImageFrame& image : files.modalities) sources.push_back({image.frame, image.frames});
  sources.push_back(files.task()->name());
  for (const LabelProfile::Meaning& m : files.labels.meanings()) sources.push_back({m.value, m.label});
  if (files.background.kind != Background::Kind::zero) sources.push_back(files.background.name());
  // Zeros are kept by the normalisation.
  const Resampling& resampling = files.task()->resampling();
  if (resampling.kind == Resampling::Kind::given) {
    sources.push_back({resampling.spacing, name_of(resampling.interpolation).name});
    for (const Normalisation& n : files.task()->normalisations()) sources.push_back(name_of(n.kind).name);
  }
  return sources;
}

uint32_t crc_of(std::span<const char> bytes) {
  return static_cast<uint32_t>(
      crc32_z(crc32(0, nullptr, 0), reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

// Holds a file's bytes, mapped while this lives. There are none where there is no such file.
class Mapped {
 public:
  explicit Mapped(const fs::path& path) {
    std::error_code error;
    if (!fs::exists(path, error)) return;
    const InputFile file(path);
    if (file.size() == 0) return;
    const auto size = static_cast<size_t>(file.size());
    void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.descriptor(), 0);
    if (data != MAP_FAILED) bytes_ = {static_cast<const char*>(data), size};
  }
  ~Mapped() {
    if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
  }
  Mapped(const Mapped&) = delete;
  Mapped& operator=(const Mapped&) = delete;

  std::span<const char> bytes() const { return bytes_; }

 private:
  std::span<const char> bytes_;
};

bool fits_int16(const std::vector<float>& voxels) {
  return std::ranges::all_of(voxels, [](float v) { return v >= -32768 && v <= 32767 && v == std::floor(v); });
}

template <class T>
void append(std::string& bytes, const std::vector<T>& values) {
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

// Reads the values of T at the front of `bytes`, and removes them from it.
template <class T>
std::vector<T> take(std::span<const char>& bytes, size_t count) {
  REVUNET_EXPECTS(count <= bytes.size() / sizeof(T), DataError, "expected {} values of {} bytes more, got {} bytes",
                  count, sizeof(T), bytes.size());
  std::vector<T> values(count);
  std::memcpy(values.data(), bytes.data(), count * sizeof(T));
  bytes = bytes.subspan(count * sizeof(T));
  return values;
}

std::string packed(const CaseVolumes& c, const json& sources) {
  std::string data;
  json types = json::array();
  for (const std::vector<float>& voxels : c.modalities) {
    const bool whole = fits_int16(voxels);
    types.push_back(whole ? "int16" : "float");
    if (whole) append(data, std::vector<int16_t>(voxels.begin(), voxels.end()));
    if (!whole) append(data, voxels);
  }
  if (c.labels) append(data, *c.labels);
  const json header{
      {"format", kFormat},         {"sources", sources}, {"size", c.grid.size},           {"cropped_at", c.cropped_at},
      {"spacing", c.grid.spacing}, {"types", types},     {"labels", c.labels.has_value()}};
  const std::string content = header.dump() + '\n' + data;
  return fmt::format("{:08x}\n", crc_of(content)) + content;
}

// Returns the number of voxels of a size in a file. Throws DataError for one that memory could not hold.
size_t voxels_of_size(const json& header, std::array<int64_t, 3>& size) {
  const json& sizes = member(header, "size");
  REVUNET_EXPECTS(sizes.is_array() && sizes.size() == size.size(), DataError, "expected three sizes, got {}",
                  excerpt(sizes));
  int64_t voxels = 1;
  bool overflow = false;
  for (size_t i = 0; i < size.size(); ++i) {
    size[i] = integer_of(sizes[i], "size", 1);
    overflow |= __builtin_mul_overflow(voxels, size[i], &voxels);
  }
  REVUNET_EXPECTS(!overflow, DataError, "expected sizes whose product fits 63 bits, got {}", excerpt(sizes));
  return static_cast<size_t>(voxels);
}

// Returns nothing where it belongs to other files. Throws DataError, without the file's name, where it is not whole.
std::optional<CaseVolumes> unpacked(std::span<const char> bytes, const CaseFiles& files, const json& sources) {
  REVUNET_EXPECTS(bytes.size() > kChecksumLength, DataError, "expected a checksum and what it is of, got {} bytes",
                  bytes.size());
  const std::string_view checksum(bytes.data(), kChecksumLength);
  bytes = bytes.subspan(kChecksumLength);
  const auto end = std::find(bytes.begin(),
                             bytes.begin() + static_cast<std::ptrdiff_t>(std::min(bytes.size(), kLongestHeader)), '\n');
  const auto length = static_cast<size_t>(end - bytes.begin());
  REVUNET_EXPECTS(length < bytes.size(), DataError, "expected a line of JSON, got none");
  const json header = parse_json({bytes.data(), length});
  if (member(header, "format") != kFormat || member(header, "sources") != sources) return std::nullopt;
  REVUNET_EXPECTS(checksum == fmt::format("{:08x}\n", crc_of(bytes)), DataError, "expected another checksum");
  std::span<const char> data = bytes.subspan(length + 1);
  CaseVolumes c(files.task());
  c.name = files.name;
  const size_t voxels = voxels_of_size(header, c.grid.size);
  c.cut_to_nonzero = true;
  c.cropped_at = header.at("cropped_at").get<std::array<int64_t, 3>>();
  c.grid.spacing = header.at("spacing").get<std::array<double, 3>>();
  c.grid.affine.setIdentity();
  for (size_t i = 0; i < c.modalities.size(); ++i) {
    if (header.at("types").at(i) == "int16") {
      const auto values = take<int16_t>(data, voxels);
      c.modalities[i].assign(values.begin(), values.end());
    } else {
      c.modalities[i] = take<float>(data, voxels);
    }
  }
  if (header.at("labels").get<bool>()) c.labels = take<uint8_t>(data, voxels);
  REVUNET_EXPECTS(data.empty(), DataError, "expected the end of the file, got {} bytes", data.size());
  return c;
}

// Returns the voxels of a box, x fastest.
template <class T>
std::vector<T> cut(const std::vector<T>& from, const std::array<int64_t, 3>& size, const NonzeroBox& box) {
  std::vector<T> to;
  to.reserve(static_cast<size_t>((box.high[0] - box.low[0]) * (box.high[1] - box.low[1]) * (box.high[2] - box.low[2])));
  for (int64_t z = box.low[2]; z < box.high[2]; ++z) {
    for (int64_t y = box.low[1]; y < box.high[1]; ++y) {
      const int64_t row = (z * size[1] + y) * size[0];
      to.insert(to.end(), from.begin() + row + box.low[0], from.begin() + row + box.high[0]);
    }
  }
  return to;
}

}  // namespace

CaseVolumes cropped_to_nonzero(const CaseVolumes& volumes) {
  const NonzeroBox box = nonzero_box(volumes);
  CaseVolumes c(volumes.task);
  c.name = volumes.name;
  c.grid.spacing = volumes.grid.spacing;
  c.grid.affine.setIdentity();
  c.cropped_at = box.low;
  c.cut_to_nonzero = true;
  for (size_t i = 0; i < 3; ++i) c.grid.size[i] = box.high[i] - box.low[i];
  for (size_t i = 0; i < c.modalities.size(); ++i) c.modalities[i] = cut(volumes.modalities[i], volumes.grid.size, box);
  if (volumes.labels) c.labels = cut(*volumes.labels, volumes.grid.size, box);
  return c;
}

CaseCache::CaseCache(std::filesystem::path folder, std::function<void(const std::string&)> on_damage)
    : folder_(std::move(folder)), on_damage_(std::move(on_damage)) {
  make_folder(folder_);
}

CaseVolumes CaseCache::load(const CaseFiles& files) const {
  const json sources = sources_of(files);
  const fs::path path = folder_ / (files.name + ".case");
  try {
    const Mapped mapped(path);
    if (!mapped.bytes().empty()) {
      auto known = at_place(path.string(), [&] { return unpacked(mapped.bytes(), files, sources); });
      if (known) return *std::move(known);
    }
  } catch (const DataError& e) {
    on_damage_(fmt::format("{}; the cached case is damaged and made again", e.what()));
  }
  CaseVolumes c = cropped_to_nonzero(load_resampled_case(files));
  write_file_atomically(path, packed(c, sources));
  return c;
}

}  // namespace revunet::io
