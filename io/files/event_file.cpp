#include "io/files/event_file.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "engine/error.h"

namespace revunet::io {

namespace {

constexpr const char* kPrefix = "events.out.tfevents.";
constexpr size_t kSecondsDigits = 10;

constexpr std::array<uint32_t, 256> make_crc_table() {
  constexpr uint32_t polynomial = 0x82f63b78;  // 0x1edc6f41, bits reversed
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? polynomial : 0);
    table[i] = crc;
  }
  return table;
}

// Masks a CRC, so that the CRC of bytes that hold a CRC is as good as any.
uint32_t masked(uint32_t crc) {
  return std::rotr(crc, 15) + 0xa282ead8;
}

template <class Unsigned>
std::string little_endian(Unsigned value) {
  std::string bytes;
  for (size_t i = 0; i < sizeof value; ++i) bytes += static_cast<char>(value >> (8 * i) & 255);
  return bytes;
}

// A Message is a message of protocol buffers (protobuf.dev/programming-guides/encoding), built field by field.
class Message {
 public:
  Message& integer(int field, int64_t value) {
    key(field, 0);
    varint(static_cast<uint64_t>(value));
    return *this;
  }
  Message& real(int field, double value) {
    key(field, 1);
    bytes_ += little_endian(std::bit_cast<uint64_t>(value));
    return *this;
  }
  Message& real32(int field, float value) {
    key(field, 5);
    bytes_ += little_endian(std::bit_cast<uint32_t>(value));
    return *this;
  }
  Message& bytes(int field, std::string_view value) {
    key(field, 2);
    varint(value.size());
    bytes_ += value;
    return *this;
  }
  Message& message(int field, const Message& value) { return bytes(field, value.bytes_); }
  const std::string& text() const { return bytes_; }

 private:
  void key(int field, uint64_t wire_type) { varint(static_cast<uint64_t>(field) << 3 | wire_type); }
  void varint(uint64_t value) {
    for (; value >= 128; value >>= 7) bytes_ += static_cast<char>((value & 127) | 128);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

// Event has these fields: wall_time = 1, step = 2, file_version = 3, summary = 5, session_log = 7.
Message event(double wall_time, int64_t step) {
  Message e;
  e.real(1, wall_time);
  if (step != 0) e.integer(2, step);
  return e;
}

// In Summary, field 1 is value. In Summary.Value, field 1 is tag.
Message summary(const Message& value) {
  return Message().message(1, value);
}

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

uint32_t big_endian_at(std::string_view bytes, size_t offset) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes.at(offset + i));
  return value;
}

// Returns the latest seconds in the names of event files, or 0 where there are none.
int64_t newest(const std::filesystem::path& folder) {
  int64_t seconds = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix)) continue;
    const std::string digits = name.substr(std::strlen(kPrefix), kSecondsDigits);
    if (digits.size() == kSecondsDigits && std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; })) {
      seconds = std::max(seconds, static_cast<int64_t>(std::stoll(digits)));
    }
  }
  return seconds;
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  static constexpr std::array<uint32_t, 256> table = make_crc_table();
  uint32_t crc = ~uint32_t{0};
  for (const char c : bytes) crc = (crc >> 8) ^ table[(crc ^ static_cast<unsigned char>(c)) & 255];
  return ~crc;
}

std::string tfrecord_of(std::string_view message) {
  const std::string length = little_endian(static_cast<uint64_t>(message.size()));
  std::string record = length + little_endian(masked(crc32c(length)));
  record += message;
  return record + little_endian(masked(crc32c(message)));
}

std::string version_event(double wall_time) {
  return event(wall_time, 0).bytes(3, "brain.Event:2").text();
}

std::string restart_event(double wall_time, int64_t step) {
  constexpr int64_t start = 1;  // of SessionLog: status = 1
  return event(wall_time, step).message(7, Message().integer(1, start)).text();
}

std::string scalar_event(double wall_time, int64_t step, const std::string& tag, float value) {
  return event(wall_time, step).message(5, summary(Message().bytes(1, tag).real32(2, value))).text();
}

std::string image_event(double wall_time, int64_t step, const std::string& tag, std::string_view png) {
  // A PNG begins with its signature (8 bytes), the length and name of its first chunk (4 each), width and height.
  constexpr size_t width = 16, height = 20;
  constexpr int64_t rgb = 3;
  Message image;
  image.integer(1, big_endian_at(png, height)).integer(2, big_endian_at(png, width)).integer(3, rgb).bytes(4, png);
  return event(wall_time, step).message(5, summary(Message().bytes(1, tag).message(4, image))).text();
}

EventFile::EventFile(const std::filesystem::path& folder, int64_t first_step) {
  const int64_t before = newest(folder), seconds = std::max(static_cast<int64_t>(now()), before + 1);
  path_ = folder / fmt::format("{}{:0{}}.revunet", kPrefix, seconds, kSecondsDigits);
  file_.open(path_, std::ios::binary);
  write(version_event(now()));
  if (before > 0) write(restart_event(now(), first_step));
  flush();
}

void EventFile::write(const std::string& event) {
  pending_ += tfrecord_of(event);
}

void EventFile::add_scalar(int64_t step, const std::string& tag, double value) {
  write(scalar_event(now(), step, tag, static_cast<float>(value)));
}

void EventFile::add_image(int64_t step, const std::string& tag, std::string_view png) {
  write(image_event(now(), step, tag, png));
}

void EventFile::flush() {
  errno = 0;
  file_ << pending_;
  file_.flush();
  pending_.clear();
  REVUNET_EXPECTS(file_.good(), DataError, "[{}] expected to write events for TensorBoard, got: {}; check the disk",
                  path_.string(), std::strerror(errno));
}

}  // namespace revunet::io
