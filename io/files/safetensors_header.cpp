#include "io/files/safetensors_header.h"

#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "engine/error.h"
#include "io/files/json_file.h"
#include "io/text/printable.h"

namespace revunet::io {
namespace {

using Json = nlohmann::json;

constexpr int64_t header_alignment = 8;    // bytes; the data then starts aligned for any dtype
constexpr size_t max_json_depth = 3;       // levels: file, tensor, shape or data_offsets
constexpr int64_t max_values = 1'000'000;  // of a header, as of some 70,000 tensors; bounds memory and time

// These are the format's types of whole numbers, with their bytes.
constexpr std::array<std::pair<std::string_view, int64_t>, 9> integer_types = {
    {{"BOOL", 1}, {"I8", 1}, {"U8", 1}, {"I16", 2}, {"U16", 2}, {"I32", 4}, {"U32", 4}, {"I64", 8}, {"U64", 8}}};

// A HeaderJudge checks a header before it is parsed, in little memory: its depth, the number of its values, and that no
// object has a key twice, which nlohmann's parser accepts silently. (The time of its parser with callbacks grows with
// the square of the number of names.)
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
  std::vector<std::set<std::string>> keys_of_open_;  // a set for each object, and none for lists
  int64_t values_ = 0;
};

Json parse_header(const std::string& file, const std::string& text) {
  HeaderJudge judge(file);
  Json::sax_parse(text, &judge);
  Json header = Json::parse(text);
  REVUNET_EXPECTS(header.is_object(), DataError,
                  "[{}] expected a JSON object as header, got {}; this is not a safetensors file", file,
                  header.type_name());
  // nlohmann's parser accepts a byte order mark and any white space.
  REVUNET_EXPECTS(
      text.starts_with('{') && text[text.find_last_not_of(' ')] == '}', DataError,
      "[{}] expected a header from {{ to }} and spaces after it, got other characters around it; write the file again",
      file);
  return header;
}

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

// Returns the bytes of a counter, or nothing for other tensors.
std::optional<int64_t> counter_bytes(const Json& dtype, const std::vector<int64_t>& shape) {
  if (!dtype.is_string() || !std::ranges::all_of(shape, [](int64_t extent) { return extent == 1; }))
    return std::nullopt;
  for (const auto& [name, bytes] : integer_types) {
    if (dtype.get_ref<const std::string&>() == name) return bytes;
  }
  return std::nullopt;
}

TensorExtent read_extent(const std::string& file, const std::string& name, const Json& entry, Counters counters) {
  REVUNET_EXPECTS(entry.is_object() && entry.size() == 3 && entry.contains("dtype") && entry.contains("shape") &&
                      entry.contains("data_offsets"),
                  DataError,
                  "[{}] expected dtype, shape and data_offsets for tensor '{}', got {}; write the file again", file,
                  excerpt(name), excerpt(entry));
  const std::vector<int64_t> offsets = read_counts(file, name, entry["data_offsets"], "data_offsets");
  REVUNET_EXPECTS(offsets.size() == 2 && offsets[0] <= offsets[1], DataError,
                  "[{}] expected data_offsets [begin, end] for tensor '{}', got {}; write the file again", file,
                  excerpt(name), excerpt(entry["data_offsets"]));
  TensorExtent extent{name, {}, read_counts(file, name, entry["shape"], "shape"), offsets[0], offsets[1]};
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
                  "[{}] expected {} to map strings to strings, got {}; write the file again", file,
                  safetensors_metadata_key, excerpt(value));
  return value.get<std::map<std::string, std::string>>();
}

// The format demands that data starts at 0, follows without overlap or gap, and ends with the file.
void check_layout(const std::string& file, const std::vector<TensorExtent>& sorted, int64_t data_bytes) {
  int64_t expected_begin = 0;
  for (const TensorExtent& extent : sorted) {
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

}  // namespace

SafetensorsHeader parse_safetensors_header(const std::string& file, const std::string& text, int64_t data_bytes,
                                           Counters counters) {
  SafetensorsHeader header;
  const Json parsed = parse_header(file, text);
  for (const auto& [name, entry] : parsed.items()) {
    if (name == safetensors_metadata_key) {
      header.metadata = read_metadata(file, entry);
    } else {
      header.extents.push_back(read_extent(file, name, entry, counters));
    }
  }
  // Sorts by end as well, so that an empty tensor comes before the one that begins at the same place.
  std::ranges::sort(header.extents, {}, [](const TensorExtent& e) { return std::tie(e.begin, e.end, e.name); });
  check_layout(file, header.extents, data_bytes);
  return header;
}

std::string safetensors_header_of(const SafetensorsFile& contents) {
  Json header = Json::object();
  if (!contents.metadata.empty()) header[safetensors_metadata_key] = contents.metadata;
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

}  // namespace revunet::io
