// TensorBoard's event files: TFRecord frames, each with an Event message of protocol buffers.
//
// Source: tensorboard/compat/proto/{event,summary}.proto and the TFRecord format (tensorflow.org/tutorials/load_data/
// tfrecord): little-endian length (8 bytes), its masked CRC-32C (4), the message, its masked CRC-32C (4).
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace revunet::io {

// Castagnoli's CRC, as in RFC 3720, appendix B.4.
uint32_t crc32c(std::string_view bytes);

// A message in a TFRecord's frame.
std::string tfrecord_of(std::string_view message);

// What an event holds; wall_time: seconds since 1970. Each is a whole Event message.
std::string version_event(double wall_time);
// Readers forget events of this step and later ones that they have read before: a run that goes on makes them anew.
std::string restart_event(double wall_time, int64_t step);
std::string scalar_event(double wall_time, int64_t step, const std::string& tag, float value);
std::string image_event(double wall_time, int64_t step, const std::string& tag, std::string_view png);

// A file that grows. DataError naming it where it cannot be written.
class EventFile {
 public:
  // A new file in `folder`, which must exist, named after all that are there: readers go by names. If there are some,
  // it begins with a restart at `first_step`.
  EventFile(const std::filesystem::path& folder, int64_t first_step);

  void add_scalar(int64_t step, const std::string& tag, double value);
  void add_image(int64_t step, const std::string& tag, std::string_view png);
  // What was added is in the file.
  void flush();

 private:
  void write(const std::string& event);

  std::filesystem::path path_;
  std::ofstream file_;
  std::string pending_;  // what was added since the last flush
};

}  // namespace revunet::io
