// One network or several, and mirror images of the volume, whose mean probabilities are the prediction.
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

// Axes along which the volume is mirrored too: with all three, eight images are predicted.
using MirrorAxes = std::array<bool, 3>;  // x, y, z

// "none", or axes apart by commas: "x,y". UsageError for anything else.
MirrorAxes parse_mirror_axes(const std::string& text);

// values (X, Y, Z, channels) mirrored along the axes; twice is the same again.
std::vector<float> mirrored(std::span<const float> values, const io::Size3& size, int64_t channels,
                            const MirrorAxes& axes);

class Ensemble {
 public:
  // The networks of the files, all on the device. Calls on_note as read_weights. DataError as read_weights,
  // weights_info and load_weights.
  Ensemble(
      const Context& ctx, const std::vector<std::filesystem::path>& weights, Precision precision,
      const MirrorAxes& mirror, const std::function<void(const std::string&)>& on_note = [](const std::string&) {});

  // image (X, Y, Z, 4), sizes multiples of what the networks take -> probabilities (X, Y, Z, 3) of WT, TC, ET. Sums are
  // in one order, networks first. Calls on_pass after each of its passes().
  std::vector<float> probabilities(
      std::span<const float> image, const io::Size3& size, const std::function<void()>& on_pass = [] {}) const;
  // Passes of networks over an image: each network sees each mirror image once.
  int64_t passes() const;

  // What the file of each network says, and the network itself.
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
