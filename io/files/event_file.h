// This file writes TensorBoard's event files: TFRecord frames, each with an Event message of protocol buffers.
//
// Source: tensorboard/compat/proto/{event,summary}.proto and the TFRecord format
// (tensorflow.org/tutorials/load_data/tfrecord): little-endian length (8 bytes), its masked CRC-32C (4), the message,
// its masked CRC-32C (4).
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace revunet::io {

// Returns Castagnoli's CRC, as in RFC 3720, appendix B.4.
uint32_t crc32c(std::string_view bytes);

// Returns a message in a TFRecord's frame.
std::string tfrecord_of(std::string_view message);

// These functions make events; wall_time is in seconds since 1970. Each returns a complete Event message.
std::string version_event(double wall_time);
// Readers forget events of this step and later ones that they have read before, because a run that goes on makes them
// anew.
std::string restart_event(double wall_time, int64_t step);
std::string scalar_event(double wall_time, int64_t step, const std::string& tag, float value);
std::string image_event(double wall_time, int64_t step, const std::string& tag, std::string_view png);

// An EventFile is a file that grows. Throws DataError with its name where it cannot be written.
class EventFile {
 public:
  // Makes a new file in `folder`, which must exist. Its name sorts after all that are there, because readers go by
  // names. If there are some, it begins with a restart at `first_step`.
  EventFile(const std::filesystem::path& folder, int64_t first_step);

  void add_scalar(int64_t step, const std::string& tag, double value);
  void add_image(int64_t step, const std::string& tag, std::string_view png);
  // Writes what was added to the file.
  void flush();

 private:
  void write(const std::string& event);

  std::filesystem::path path_;
  std::ofstream file_;
  std::string pending_;  // added since the last flush
};

}  // namespace revunet::io
