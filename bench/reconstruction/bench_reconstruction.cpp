// bench-reconstruction measures how exactly reversible sequences rebuild their inputs, by depth, precision and
// variance.
#include <algorithm>

#include "bench/common/command_line.h"
#include "bench/common/run_description.h"
#include "bench/common/table.h"
#include "engine/rng.h"
#include "io/nifti/volume_size.h"
#include "io/task/brats_task.h"
#include "models/inference/label_table_of.h"
#include "models/precision.h"
#include "models/training_step.h"

namespace revunet::bench {

namespace {

struct Options {
  std::vector<int64_t> channels = default_config(ModelKind::reversible).channels;
  std::vector<int64_t> depths = {1, 2, 4, 8};
  std::vector<double> deviations = {1, 1e-1, 1e-2, 1e-3, 1e-4};
  std::string size = "32,32,32";
  std::string json;
};

// Collects every sequence's error of one step.
class AllSequences : public ReconstructionMonitor {
 public:
  bool wants(const std::string&) override { return true; }
  void report(const std::string& sequence, double relative_error) override {
    errors_.emplace_back(relative_error, sequence);
  }
  const std::pair<double, std::string>& worst() const { return *std::ranges::max_element(errors_); }
  // Returns the error of the sequence of this name.
  double of(const std::string& sequence) const {
    const auto found = std::ranges::find(errors_, sequence, &std::pair<double, std::string>::second);
    REVUNET_EXPECTS(found != errors_.end(), Error, "[bench] expected a sequence {}, got none", sequence);
    return found->first;
  }

 private:
  std::vector<std::pair<double, std::string>> errors_;
};

// Runs one step with new weights on an image of noise of this standard deviation.
AllSequences errors_of(const Options& options, int64_t depth, Precision precision, double deviation) {
  Device device;
  AllSequences errors;
  const Context ctx{device};
  UNetConfig config = default_config(ModelKind::reversible);
  config.channels = options.channels;
  config.encoder_depth = config.decoder_depth = depth;
  const io::Size3 size = io::parse_size(options.size, "--size");
  const auto [x, y, z] = size;
  check_config(config);
  check_size(config, {x, y, z});
  const auto model = make_unet(ctx, config, DType::f32, 1, {}, operands_of(precision));

  Rng rng(1);
  std::vector<float> image(static_cast<size_t>(x * y * z * config.in_channels));
  for (float& v : image) v = static_cast<float>(deviation * rng.normal());
  const std::vector<uint8_t> labels(static_cast<size_t>(x * y * z), 4);  // in every region
  Adam adam;
  TrainingStep step(ctx, *model, adam,
                    {.labels = label_table_of(*io::brats_task()), .activations = activation_type(precision)});
  step.take(ctx, {size, image, labels}, {}, {.reconstruction = &errors});
  return errors;
}

void run(const Options& options, Json json) {
  Table table({"blocks per level", "deviation of the image", "precision", "finest encoder", "worst", "of sequence"});
  json["errors"] = Json::array();
  const auto add = [&](int64_t depth, double deviation) {
    for (const Precision precision : kPrecisions) {
      const AllSequences errors = errors_of(options, depth, precision, deviation);
      const double finest = errors.of("encoders.0.reversibleBlocks");
      const auto& [worst, sequence] = errors.worst();
      table.add_row({std::to_string(depth), fmt::format("{:g}", deviation), name_of(precision),
                     fmt::format("{:.1e}", finest), fmt::format("{:.1e}", worst), sequence});
      json["errors"].push_back({{"blocks", depth},
                                {"deviation", deviation},
                                {"precision", name_of(precision)},
                                {"finest_encoder", finest},
                                {"worst", worst},
                                {"worst_sequence", sequence}});
    }
  };
  for (const int64_t depth : options.depths) add(depth, options.deviations.front());
  for (size_t i = 1; i < options.deviations.size(); ++i) add(options.depths.front(), options.deviations[i]);
  fmt::print("{}", table.to_string());
  if (!options.json.empty()) write_json(options.json, json);
}

}  // namespace

}  // namespace revunet::bench

int main(int argc, char** argv) {
  using namespace revunet;
  bench::Options options;
  return bench::run_benchmark(
      argc, argv,
      "Measures |rebuilt - true| / |true| of the inputs of reversible sequences in one training step of a new network "
      "on\n"
      "noise: by blocks per level, then by the noise's standard deviation, which becomes that of the first sequence's\n"
      "input.",
      {bench::counts("channels", options.channels, "channels per level, finest first"),
       bench::text("size", options.size, "X,Y,Z of the image [32,32,32]"),
       bench::counts("depths", options.depths, "blocks per level of encoder and decoder [1,2,4,8]"),
       bench::numbers("deviations", options.deviations, "standard deviations of the image [1,0.1,0.01,0.001,0.0001]"),
       bench::text("json", options.json, "write the results to this file too")},
      [&] { bench::run(options, bench::describe_run(argc, argv)); });
}
