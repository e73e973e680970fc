#include "io/files/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <new>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/ranges.h>

#include "engine/error.h"
#include "io/files/atomic_file.h"
#include "io/files/input_file.h"
#include "io/files/json_file.h"
#include "io/text/printable.h"

namespace revunet::io {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors data is copied without byte swapping");

using Json = nlohmann::json;

constexpr char metadata_key[] = "__metadata__";
constexpr int64_t length_bytes = 8;                // the u64 in front of the header
constexpr int64_t max_header_bytes = 100'000'000;  // the format's limit, against headers made to exhaust memory
constexpr int64_t header_alignment = 8;            // bytes; the data then starts aligned for any dtype
constexpr size_t max_json_depth = 3;               // file, tensor, shape or data_offsets
constexpr int64_t max_values = 1'000'000;          // of the header: of some 70 000 tensors; bounds memory and time
constexpr size_t max_listed_names = 12;            // keeps the message of at() readable

// The format's types of whole numbers, with their bytes.
constexpr std::array<std::pair<std::string_view, int64_t>, 9> integer_types = {
    {{"BOOL", 1}, {"I8", 1}, {"U8", 1}, {"I16", 2}, {"U16", 2}, {"I32", 4}, {"U32", 4}, {"I64", 8}, {"U64", 8}}};

// Judges a header before it is parsed, in little memory: its depth, the number of its values, and that no object has a
// key twice, which nlohmann's parser takes silently. (Its parser with callbacks takes time by the square of the names.)
class HeaderJudge : public nlohmann::json_sax<Json> {
 public:
  explicit HeaderJudge(const std::string& file) : file_(file) {}

  bool null() override { return count(); }
  bool boolean(bool) override { return count(); }
  bool number_integer(number_integer_t) override { return count(); }
  bool number_unsigned(number_unsigned_t) override { return count(); }
  bool number_float(number_float_t, const string_t&) override { return count(); }
  bool string(string_t&) override { return count(); }
  bool binary(binary_t&) override { return count(); }
  bool start_object(size_t) override { return open(); }
  bool start_array(size_t) override { return open(); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& key) override {
    REVUNET_EXPECTS(keys_of_open_.back().insert(key).second, DataError,
                    "[{}] expected each name once in the header, got '{}' twice; write the file again", file_,
                    excerpt(key));
    return count();
  }

  bool parse_error(size_t, const std::string&, const Json::exception& e) override {
    throw DataError(
        fmt::format("[{}] expected a JSON header, got text that does not parse ({}); the file is damaged or "
                    "not a safetensors file",
                    file_, reason_of(e)));
  }

 private:
  bool count() {
    REVUNET_EXPECTS(++values_ <= max_values, DataError,
                    "[{}] expected a header of at most {} names and values, got more; split the file", file_,
                    max_values);
    return true;
  }

  bool open() {
    keys_of_open_.emplace_back();
    REVUNET_EXPECTS(keys_of_open_.size() <= max_json_depth, DataError,
                    "[{}] expected a safetensors header, got JSON nested deeper than {} levels; write the file again",
                    file_, max_json_depth);
    return count();
  }

  bool close() {
    keys_of_open_.pop_back();
    return true;
  }

  const std::string& file_;
  std::vector<std::set<std::string>> keys_of_open_;  // of objects and, none, of lists
  int64_t values_ = 0;
};

Json parse_header(const std::string& file, const std::string& text) {
  HeaderJudge judge(file);
  Json::sax_parse(text, &judge);
  Json header = Json::parse(text);
  REVUNET_EXPECTS(header.is_object(), DataError,
                  "[{}] expected a JSON object as header, got {}; this is not a safetensors file", file,
                  header.type_name());
  // nlohmann's parser lets a byte order mark and any white space pass.
  REVUNET_EXPECTS(
      text.starts_with('{') && text[text.find_last_not_of(' ')] == '}', DataError,
      "[{}] expected a header from {{ to }} and spaces after it, got other characters around it; write the file again",
      file);
  return header;
}

// Where a tensor lies in the data section, in bytes from its start.
struct Extent {
  std::string name;
  std::optional<FileDtype> dtype;  // none: a counter
  std::vector<int64_t> shape;
  int64_t begin;
  int64_t end;
};

std::vector<int64_t> read_counts(const std::string& file, const std::string& name, const Json& value,
                                 const char* field) {
  const auto fits = [](const Json& item) {
    return item.is_number_unsigned() && item.get<uint64_t>() <= std::numeric_limits<int64_t>::max();
  };
  REVUNET_EXPECTS(
      value.is_array() && std::all_of(value.begin(), value.end(), fits), DataError,
      "[{}] expected {} of tensor '{}' to be a list of non-negative 64-bit integers, got {}; write the file "
      "again",
      file, field, excerpt(name), excerpt(value));
  return value.get<std::vector<int64_t>>();
}

FileDtype read_dtype(const std::string& file, const std::string& name, const Json& value) {
  if (value.is_string()) {
    if (const auto dtype = dtype_of_name(value.get_ref<const std::string&>())) return *dtype;
  }
  throw DataError(
      fmt::format("[{}] expected dtype F16, BF16, F32 or F64 for tensor '{}', got {}; convert the tensor and "
                  "write the file again",
                  file, excerpt(name), excerpt(value)));
}

// The bytes of a counter; nothing for other tensors.
std::optional<int64_t> counter_bytes(const Json& dtype, const std::vector<int64_t>& shape) {
  if (!dtype.is_string() || !std::ranges::all_of(shape, [](int64_t extent) { return extent == 1; }))
    return std::nullopt;
  for (const auto& [name, bytes] : integer_types) {
    if (dtype.get_ref<const std::string&>() == name) return bytes;
  }
  return std::nullopt;
}

Extent read_extent(const std::string& file, const std::string& name, const Json& entry, Counters counters) {
  REVUNET_EXPECTS(entry.is_object() && entry.size() == 3 && entry.contains("dtype") && entry.contains("shape") &&
                      entry.contains("data_offsets"),
                  DataError,
                  "[{}] expected dtype, shape and data_offsets for tensor '{}', got {}; write the file again", file,
                  excerpt(name), excerpt(entry));
  const std::vector<int64_t> offsets = read_counts(file, name, entry["data_offsets"], "data_offsets");
  REVUNET_EXPECTS(offsets.size() == 2 && offsets[0] <= offsets[1], DataError,
                  "[{}] expected data_offsets [begin, end] for tensor '{}', got {}; write the file again", file,
                  excerpt(name), excerpt(entry["data_offsets"]));
  Extent extent{name, {}, read_counts(file, name, entry["shape"], "shape"), offsets[0], offsets[1]};
  std::optional<int64_t> bytes;
  if (counters == Counters::left_out) bytes = counter_bytes(entry["dtype"], extent.shape);
  if (!bytes) {
    extent.dtype = read_dtype(file, name, entry["dtype"]);
    bytes = checked_bytes(extent.shape, *extent.dtype);
  }
  REVUNET_EXPECTS(bytes.has_value(), DataError,
                  "[{}] expected a shape whose size in bytes fits 63 bits for tensor '{}', got {}; the file is damaged",
                  file, excerpt(name), excerpt(entry["shape"]));
  REVUNET_EXPECTS(*bytes == extent.end - extent.begin, DataError,
                  "[{}] expected {} bytes for tensor '{}' of shape {} and dtype {}, got {} by its data_offsets; write "
                  "the file again",
                  file, *bytes, excerpt(name), excerpt(entry["shape"]), entry["dtype"].get_ref<const std::string&>(),
                  extent.end - extent.begin);
  return extent;
}

std::map<std::string, std::string> read_metadata(const std::string& file, const Json& value) {
  const auto is_string = [](const Json& item) { return item.is_string(); };
  REVUNET_EXPECTS(value.is_object() && std::all_of(value.begin(), value.end(), is_string), DataError,
                  "[{}] expected {} to map strings to strings, got {}; write the file again", file, metadata_key,
                  excerpt(value));
  return value.get<std::map<std::string, std::string>>();
}

// The format demands that data starts at 0, follows without overlap or gap, and ends with the file.
void check_layout(const std::string& file, const std::vector<Extent>& sorted, int64_t data_bytes) {
  int64_t expected_begin = 0;
  for (const Extent& extent : sorted) {
    REVUNET_EXPECTS(extent.begin == expected_begin, DataError,
                    "[{}] expected the data of tensor '{}' to begin at byte {}, got {} (data must neither overlap nor "
                    "leave gaps); write the file again",
                    file, excerpt(extent.name), expected_begin, extent.begin);
    expected_begin = extent.end;
  }
  REVUNET_EXPECTS(
      expected_begin == data_bytes, DataError,
      "[{}] expected {} bytes of data after the header, got {}; the file was cut or has bytes appended: copy "
      "or write it again",
      file, expected_begin, data_bytes);
}

// The file is at least as long as this.
std::vector<std::byte> room_for(const Extent& extent, const std::string& file) try {
  return std::vector<std::byte>(static_cast<size_t>(extent.end - extent.begin));
} catch (const std::bad_alloc&) {
  throw DataError(
      fmt::format("[{}] expected memory for tensor '{}', {:.1f} GiB, got none; check that it is the right "
                  "file, or free memory",
                  file, excerpt(extent.name), static_cast<double>(extent.end - extent.begin) / 0x1p30));
}

// The open file, with the bytes that are left of it.
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

// The header as JSON text, padded with spaces so that the data begins aligned.
std::string header_of(const SafetensorsFile& contents) {
  Json header = Json::object();
  if (!contents.metadata.empty()) header[metadata_key] = contents.metadata;
  int64_t offset = 0;
  for (const auto& [name, tensor] : contents.entries()) {
    const int64_t end = offset + static_cast<int64_t>(tensor.bytes().size());
    header[name] = {{"dtype", format_name(tensor.dtype())}, {"shape", tensor.shape()}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const Json::exception& e) {
    throw Error(fmt::format("[write_safetensors] expected names and metadata in UTF-8, got other bytes ({}); rename",
                            e.what()));
  }
  text.append((header_alignment - text.size() % header_alignment) % header_alignment, ' ');
  return text;
}

}  // namespace

void SafetensorsFile::add(std::string name, HostTensor tensor) {
  REVUNET_EXPECTS(name != metadata_key, Error,
                  "[{}] expected a tensor's name, got {}, which the format reserves; rename", origin_, metadata_key);
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
  std::vector<Extent> extents;
  const Json header = parse_header(reader.file(), reader.read_header());
  for (const auto& [name, entry] : header.items()) {
    if (name == metadata_key) {
      contents.metadata = read_metadata(reader.file(), entry);
    } else {
      extents.push_back(read_extent(reader.file(), name, entry, counters));
    }
  }
  // By end as well, so that an empty tensor comes before the one that begins where it lies.
  std::sort(extents.begin(), extents.end(), [](const Extent& a, const Extent& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  check_layout(reader.file(), extents, reader.remaining());
  for (Extent& extent : extents) {
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
  const std::string header = header_of(contents);
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
