#include "tools/common/device_options.h"

#include <charconv>

#include "engine/error.h"
#include "io/text/byte_count.h"

namespace revunet::tools {

namespace {

// Index of "cuda" or "cuda:N".
int parse_index(const std::string& device) {
  const std::string_view text = std::string_view(device).substr(std::min<size_t>(device.size(), 5));
  int index = 0;
  if (device == "cuda") return index;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  REVUNET_EXPECTS(device.starts_with("cuda:") && error == std::errc() && end == text.data() + text.size() && index >= 0,
                  UsageError, "[--device] expected auto, cpu, cuda or cuda:N, got {}", device);
  return index;
}

}  // namespace

CLI::Option* add_bytes_option(CLI::App& app, const std::string& name, uint64_t& bytes, const std::string& description) {
  const auto to_bytes = [](std::string& text) -> std::string {  // CLI11's own units ask for none
    try {
      text = std::to_string(io::parse_bytes(text));
      return "";
    } catch (const UsageError& e) {
      return e.what();
    }
  };
  return app.add_option(name, bytes, description)->transform(CLI::Validator(to_bytes, ""))->type_name("BYTES");
}

void add_device_options(CLI::App& app, DeviceArguments& a) {
  app.add_option("--device", a.device, "cpu, cuda or cuda:N; auto: the first CUDA device if there is one, else the CPU")
      ->capture_default_str();
  add_bytes_option(app, "--memory-limit", a.memory_limit,
                   "memory that tensors may reserve on the device at most, for example 8GiB; 0: all of it")
      ->capture_default_str();
  add_bytes_option(app, "--conv-workspace", a.convolution_workspace,
                   "CUDA: workspace that a convolution may use; more can be faster")
      ->capture_default_str();
  app.add_flag("--strict-fp32", a.strict_fp32,
               "CUDA: multiply in full fp32 instead of TF32 on tensor cores: slower, 13 more bits of mantissa");
  app.add_flag("--deterministic,!--no-deterministic", a.deterministic,
               "CUDA: the same bits in every run on the same GPU (the default), or the fastest convolutions");
  app.add_option("--plan-cache", a.plan_cache,
                 "CUDA: file of the convolution plans that were chosen by timing; if it exists, its choices are used "
                 "without timing again");
}

DeviceOptions resolve(const DeviceArguments& a, bool only_plans) {
  DeviceOptions o;
  const bool cuda = a.device == "auto" ? cuda_device_count() > 0 : a.device != "cpu";
  if (cuda) {
    o.kind = DeviceKind::cuda;
    o.index = a.device == "auto" ? 0 : parse_index(a.device);
    o.layout = kCudaLayout;
    o.layout.convolution_workspace = a.convolution_workspace;
    o.plan_cache = a.plan_cache;
    if (!only_plans) expect_cuda_device(o.index);
  }
  REVUNET_EXPECTS(cuda || a.plan_cache.empty(), UsageError,
                  "[--plan-cache] expected a CUDA device, whose plans it holds, got cpu; leave it out");
  REVUNET_EXPECTS(cuda || a.convolution_workspace == kCudaLayout.convolution_workspace, UsageError,
                  "[--conv-workspace] expected a CUDA device, got cpu; leave it out");
  REVUNET_EXPECTS(a.convolution_workspace > 0, UsageError, "[--conv-workspace] expected more than 0 bytes, got 0");
  o.arithmetic = {a.deterministic, a.strict_fp32};
  if (a.memory_limit > 0) o.memory_limit = a.memory_limit;
  return o;
}

}  // namespace revunet::tools
