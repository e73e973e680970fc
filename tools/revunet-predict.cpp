// revunet-predict: segmentations of a dataset's cases by a trained network.
#include <chrono>
#include <cstdio>

#include "tools/common/device_options.h"
#include "tools/common/parse_list.h"
#include "tools/common/precision.h"
#include "tools/common/tool_main.h"
#include "tools/common/weights_file.h"
#include "tools/predict/prediction.h"

using namespace revunet;
using namespace revunet::tools;

namespace {

struct Options {
  std::filesystem::path weights, data, out;
  std::string size;  // empty: the weights' own
  bool probabilities = false;
  std::string precision = name_of(Precision::fp32);
  int threads = 0;
  DeviceArguments device;
};

struct FieldOfView {
  io::Size3 size;
  const char* source;
};

FieldOfView field_of_view(const Options& options, const WeightsInfo& info) {
  FieldOfView result = {io::default_field_of_view, "the default: the weights name none"};
  if (info.size) result = {*info.size, "from the weights"};
  if (!options.size.empty()) result = {parse_size(options.size, "--size"), "from --size"};
  check_size(info.config, {result.size.begin(), result.size.end()});
  return result;
}

void make_folder(const std::filesystem::path& out) {
  std::error_code error;
  std::filesystem::create_directories(out, error);
  REVUNET_EXPECTS(!error, UsageError, "[--out] expected a folder that can be made, got {}: {}", out.string(),
                  error.message());
}

void report(const std::string& name, const std::string& count, const PredictedCase& predicted, const io::Size3& size,
            double seconds) {
  const auto& v = predicted.region_voxels;
  fmt::print("{} {}  WT {} TC {} ET {} voxels  {:.1f} s\n", count, name, v[0], v[1], v[2], seconds);
  std::fflush(stdout);  // a line a case, also into a file
  if (predicted.cut != io::Size3{}) {
    fmt::print(stderr,
               "revunet-predict: warning: {}: the brain's box is {} voxels larger along x,y,z than the field of view "
               "{}; what lies outside has label 0. A larger --size takes it in\n",
               name, fmt::join(predicted.cut, ","), fmt::join(size, ","));
  }
}

void predict(const Options& options) {
  REVUNET_EXPECTS(options.threads >= 0, UsageError, "[--threads] expected 0 or more, got {}", options.threads);
  set_cpu_threads(options.threads > 0 ? options.threads : available_cpu_threads());
  const DeviceOptions device_options = resolve(options.device);
  const io::SafetensorsFile weights = io::read_safetensors(options.weights);
  const WeightsInfo info = weights_info(weights);
  const FieldOfView view = field_of_view(options, info);
  const std::vector<io::CaseFiles> cases = io::find_cases(options.data);
  const std::vector<PredictionFiles> files = prediction_files(cases, options.out, options.probabilities);

  const Precision precision = parse_precision(options.precision);
  ComputeDevice device(device_options);
  const Context ctx{device.get()};
  const std::unique_ptr<UNet> model = make_unet(ctx, info.config, DType::f32, 0, {}, operands_of(precision));
  load_weights(weights, *model);
  make_folder(options.out);
  fmt::print("{} network, channels {}, {} parameters; field of view {} ({}); {} cases; {}, {}\n",
             name_of(info.config.kind), fmt::join(info.config.channels, ","), model->parameter_count(),
             fmt::join(view.size, ","), view.source, cases.size(), options.precision, device.description());
  for (size_t i = 0; i < cases.size(); ++i) try {
      const auto start = std::chrono::steady_clock::now();
      const PredictedCase predicted =
          predict_case(ctx, *model, cases[i], view.size, activation_type(precision), files[i]);
      const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
      device.save_plan_cache();
      report(cases[i].name, fmt::format("{}/{}", i + 1, cases.size()), predicted, view.size, elapsed.count());
    } catch (const OutOfMemoryError& e) {
      throw OutOfMemoryError(fmt::format("{}\nuse --precision bf16 or a smaller --size", e.what()), e.capacity);
    }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Segments BraTS cases with a trained network. Each <out>/<case>.nii.gz has the labels 0, 1, 2 and 4 on the\n"
      "case's own grid; revunet-evaluate --prediction <out> scores them.",
      "revunet-predict");
  Options options;
  app.add_option("--weights", options.weights, "safetensors FILE of revunet-train, or of the reference's names")
      ->required();
  app.add_option("--data", options.data, "dataset, or a case's folder, as revunet-train takes; no segmentation needed")
      ->required();
  app.add_option("--out", options.out, "folder for the predictions; must hold none of these cases yet")->required();
  app.add_option("--size", options.size,
                 "X,Y,Z voxels that cases are cropped or padded to [the weights' own, else 160,192,160]");
  app.add_flag("--probabilities", options.probabilities,
               "write <out>/<case>_probabilities.nii.gz too: float32, frames WT, TC and ET");
  add_precision_option(app, options.precision);
  add_device_options(app, options.device);
  app.add_option("--threads", options.threads, "CPU threads, 0 for all; results do not depend on it")
      ->capture_default_str();
  return run_tool(app, argc, argv, [&] { predict(options); });
}
