// An ensemble has one or several networks, and mirror images of the volume. The prediction is the mean of their
// probabilities.
#pragma once

#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "models/inference/weights_file.h"
#include "models/precision.h"

namespace revunet {

// The volume is also mirrored along these axes. With all three, eight images are predicted.
using MirrorAxes = std::array<bool, 3>;  // x, y, z

// Returns values (X, Y, Z, channels) mirrored along the axes. Mirroring twice gives the same values again.
std::vector<float> mirrored(std::span<const float> values, const io::Size3& size, int64_t channels,
                            const MirrorAxes& axes);

// Returns the task of the networks in these files. It reads them once more than the ensemble does, because cases are
// selected before memory is taken. Throws DataError as read_weights and weights_info do, and for
// networks of two tasks.
io::TaskPointer task_of_weights(const std::vector<std::filesystem::path>& weights);

class Ensemble {
 public:
  // Loads the networks of the files, all on the device. Calls on_note as read_weights does. Throws DataError as
  // read_weights, weights_info and load_weights do.
  Ensemble(
      const Context& ctx, const std::vector<std::filesystem::path>& weights, Precision precision,
      const MirrorAxes& mirror, const std::function<void(const std::string&)>& on_note = [](const std::string&) {});

  // Takes image (X, Y, Z, modalities), whose sizes are multiples of what the networks take. Returns probabilities (X,
  // Y, Z, regions). Sums are in one order, networks first. Calls on_pass after each of its passes().
  std::vector<float> probabilities(
      std::span<const float> image, const io::Size3& size, const std::function<void()>& on_pass = [] {}) const;
  // Returns the passes of networks over an image: each network sees each mirror image once.
  int64_t passes() const;

  // A Member is what the file of a network says, and the network itself.
  struct Member {
    WeightsInfo info;
    std::unique_ptr<UNet> network;
  };
  const std::vector<Member>& members() const { return members_; }

 private:
  Context ctx_;
  DType activation_type_;
  MirrorAxes mirror_;
  std::vector<Member> members_;
};

}  // namespace revunet
