// bench-plans measures everything that could run a convolution of a training step on a CUDA device: each of cuDNN's
// algorithms, plain and fused, our own, and cuBLAS's products. It shows what the choice in kernels/conv3d/cuda left
// out.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>
#include <set>

#include "bench/common/command_line.h"
#include "bench/common/run_description.h"
#include "bench/common/table.h"
#include "bench/common/training_run.h"
#include "engine/cuda/event.h"
#include "engine/rng.h"
#include "io/nifti/volume_size.h"
#include "kernels/conv3d/cuda/conv3d_algorithms.h"
#include "kernels/conv3d/cuda/conv3d_cublas.h"
#include "kernels/conv3d/cuda/conv3d_cudnn.h"
#include "kernels/conv3d/cuda/conv3d_mma_algorithm.h"
#include "kernels/conv3d/cuda/conv3d_spot_check.h"
#include "kernels/group_norm_leaky_relu/normed_activation.h"
#include "models/networks.h"

namespace revunet::bench {

namespace {

using cuda::AlgorithmForm;
using cuda::AlgorithmLimits;
using cuda::ConvolutionAlgorithm;
using cuda::ConvolutionBuffers;
using cuda::ConvolutionProblem;

struct Options {
  std::string size = "160,192,160", model = "reversible", json;
  std::vector<int64_t> channels = default_config(ModelKind::reversible).channels;
  int runs = 5, threads = available_cpu_threads();
  int64_t workspace_mib = 2048;
  Precision precision = Precision::fp32;
  DeviceOptions device = device_of("auto");
};

// A Row is one way to run one convolution.
struct Row {
  std::string name;
  bool tensor_cores, deterministic, chosen;
  size_t workspace;
  double error, milliseconds;  // with x's norm, where it needs that; infinity where it cannot run
};

// Returns a tensor of random values on the device. They repeat, which no convolution notices.
Tensor random_tensor(const Context& ctx, const TensorSpec& spec) {
  constexpr int64_t kDrawn = int64_t{1} << 16;
  const DType dtype = spec.dtype;
  Tensor tensor(ctx, spec);
  const int64_t elements = tensor.stored_elements();
  Rng rng(static_cast<uint64_t>(elements));
  std::vector<float> values(static_cast<size_t>(std::min(elements, kDrawn)));
  for (float& v : values) v = static_cast<float>(rng.uniform(-1, 1));
  const Tensor drawn = from_host(ctx, {static_cast<int64_t>(values.size())}, dtype, std::span<const float>(values));
  const auto drawn_bytes = static_cast<int64_t>(drawn.stored_bytes());
  for (int64_t at = 0; at < elements * size_of(dtype); at += drawn_bytes) {
    const int64_t bytes = std::min(drawn_bytes, elements * size_of(dtype) - at);
    ctx.device.memory().copy(tensor.address() + at, drawn.address(), static_cast<size_t>(bytes));
  }
  return tensor;
}

// Operands are the tensors of a convolution.
class Operands {
 public:
  Operands(const Context& ctx, const ConvolutionProblem& p)
      : x_(random_tensor(ctx, {{p.N, p.D, p.H, p.W, p.I},
                               p.normed_from.value_or(type(p, cuda::Direction::backward_data)),
                               Layout::activation})),
        w_(random_tensor(ctx, {{p.O, p.k, p.k, p.k, p.I}, type(p, cuda::Direction::backward_weight)})),
        y_(random_tensor(ctx, {{p.voxels(), p.O}, type(p, cuda::Direction::forward)})) {
    if (!p.normed_from) return;
    const Tensor of_channels = random_tensor(ctx, {{p.I}, DType::f32});
    normed_.emplace(
        ctx, x_, NormedActivation::Norm{group_norm_statistics(ctx, x_, 1), of_channels, of_channels, kLeakyReluSlope},
        p.operands);
  }
  ConvolutionBuffers buffers() {
    return {normed_ ? normed_->memory().address() : x_.address(), w_.address(), y_.address(),
            normed_ ? &*normed_ : nullptr};
  }

 private:
  // Returns the type of the tensor that is the result in that direction.
  static DType type(const ConvolutionProblem& p, cuda::Direction result_in) {
    return p.direction == result_in ? p.result : p.operands;
  }

  Tensor x_, w_, y_;
  std::optional<NormedActivation> normed_;
};

std::vector<Row> algorithm_rows(const Context& ctx, cudnnHandle_t handle, const ConvolutionProblem& problem,
                                const std::string& chosen, const Options& options) {
  Operands operands(ctx, problem);
  cuda::AlgorithmTrial trial(ctx, problem, operands.buffers(), describe(problem));
  const AlgorithmLimits limits{static_cast<size_t>(options.workspace_mib) << 20, {.deterministic = false}};
  std::vector<Row> rows;
  const auto measure = [&](const ConvolutionAlgorithm& a) {
    Row row{a.name(),
            a.tensor_cores(),
            a.deterministic(),
            a.name() == chosen,
            a.workspace(),
            trial.error_of(a),
            std::numeric_limits<double>::infinity()};
    for (int i = 0; i < options.runs && std::isfinite(row.error); ++i) {
      row.milliseconds = std::min(row.milliseconds, trial.milliseconds(a));
    }
    rows.push_back(std::move(row));
  };
  for (const auto& own : cuda::mma_algorithms(problem, limits)) measure(*own);
  cuda::AlgorithmTarget target(handle, ctx.device);
  for (const AlgorithmForm form : {AlgorithmForm::plain, AlgorithmForm::fused}) {
    for (const auto& a : cudnn_algorithms(target, problem, limits, form)) measure(a);
  }
  return rows;
}

Row cublas_row(const Context& ctx, ConvolutionProblem problem, const Options& options) {
  problem.beta = 0;  // otherwise the results of the runs would add up
  Operands operands(ctx, problem);
  auto& products = ctx.device.state<cuda::MatrixProducts>();
  Row row{"cuBLAS", true, true, true, kCudaLayout.convolution_workspace, 0, std::numeric_limits<double>::infinity()};
  cuda::SpotCheck check(ctx, problem, operands.buffers());
  for (int i = 0; i < options.runs; ++i) {
    cuda::Event begin, end;
    products.run(ctx, problem, operands.buffers(), {});  // The host prepares the next one meanwhile.
    begin.record(cuda::stream_of(ctx));
    products.run(ctx, problem, operands.buffers(), {});
    end.record(cuda::stream_of(ctx));
    row.milliseconds = std::min(row.milliseconds, end.milliseconds_since(begin));
  }
  row.error = check.error();
  return row;
}

void print(const ConvolutionProblem& problem, const std::vector<Row>& rows) {
  Table table({"algorithm", "ms", "TFLOP/s", "error", "MiB", "tensor cores", "deterministic"});
  for (const Row& r : rows) {
    table.add_row({(r.chosen ? "* " : "  ") + r.name, fmt::format("{:.3f}", r.milliseconds),
                   fmt::format("{:.1f}", problem.flops() / r.milliseconds / 1e9), fmt::format("{:.1e}", r.error),
                   fmt::format("{:.1f}", static_cast<double>(r.workspace) / (1 << 20)), r.tensor_cores ? "yes" : "no",
                   r.deterministic ? "yes" : "no"});
  }
  fmt::print("\n{}: {:.1f} GFLOP\n{}", describe(problem), problem.flops() / 1e9, table.to_string());
  std::fflush(stdout);
}

Json to_json(const ConvolutionProblem& problem, const std::vector<Row>& rows) {
  Json list = Json::array();
  // JSON has no infinity.
  const auto finite = [](double value) { return std::isfinite(value) ? Json(value) : Json(); };
  for (const Row& r : rows) {
    list.push_back({{"algorithm", r.name},
                    {"tensor_cores", r.tensor_cores},
                    {"deterministic", r.deterministic},
                    {"chosen", r.chosen},
                    {"workspace_bytes", r.workspace},
                    {"error", finite(r.error)},
                    {"milliseconds", finite(r.milliseconds)}});
  }
  return {{"convolution", describe(problem)}, {"flops", problem.flops()}, {"algorithms", list}};
}

void run(const Options& options, Json json) {
  REVUNET_EXPECTS(options.device.kind == DeviceKind::cuda, UsageError,
                  "[--device] expected a CUDA device, whose convolutions have algorithms to choose from; got the CPU");
  const NetworkRow* const network = find_network(options.model);
  REVUNET_EXPECTS(network, UsageError, "[--model] expected the name of a network, got {}", options.model);
  UNetConfig config = default_config(network->kind);
  config.channels = options.channels;
  const auto [x, y, z] = io::parse_size(options.size, "--size").axes();
  TrainingRun training({.name = options.model,
                        .model = config,
                        .mode = {},
                        .precision = options.precision,
                        .size = {x, y, z},
                        .threads = options.threads,
                        .device = options.device});
  training.step();  // chooses what runs its convolutions
  const Context ctx{training.device()};
  json["device"] = training.device_description();
  json["convolutions"] = Json::array();
  // A run may be cut off, so the file is whole after each convolution.
  const auto report = [&](const ConvolutionProblem& problem, const std::vector<Row>& rows) {
    print(problem, rows);
    json["convolutions"].push_back(to_json(problem, rows));
    if (!options.json.empty()) write_json(options.json, json);
  };
  fmt::print("{}, {}; fastest of {} runs, with the norm of x where an algorithm needs it; * is what a step runs\n",
             training.device_description(), name_of(options.precision), options.runs);
  const cuda::CudnnHandle handle(ctx.device);
  REVUNET_CUDNN_CHECK(cudnnSetStream(handle, cuda::stream_of(ctx)));
  for (const auto& [key, chosen] : ctx.device.state<cuda::ConvolutionAlgorithms>().chosen()) {
    report(key.first, algorithm_rows(ctx, handle, key.first, chosen->name(), options));
  }
  // Each measurement adds a problem to the set, so this is a copy.
  const std::set<ConvolutionProblem> products = ctx.device.state<cuda::MatrixProducts>().problems();
  for (const ConvolutionProblem& problem : products) report(problem, {cublas_row(ctx, problem, options)});
}

std::vector<Argument> arguments_of(Options& options) {
  std::vector<Argument> arguments = machine_arguments(options.precision, options.device);
  const std::vector<Argument> own = {
      text("model", options.model, "network whose convolutions are measured [reversible]"),
      counts("channels", options.channels, "channels per level, finest first"),
      text("size", options.size, "X,Y,Z of the step's image [160,192,160]"),
      count("workspace", options.workspace_mib, "MiB that an algorithm may take [2048]"),
      count("runs", options.runs, "timed runs per algorithm, of which the fastest counts [5]"),
      count("threads", options.threads, "threads that make the image"),
      text("json", options.json, "write the results to this file too, after each convolution")};
  arguments.insert(arguments.end(), own.begin(), own.end());
  return arguments;
}

}  // namespace

}  // namespace revunet::bench

int main(int argc, char** argv) {
  using namespace revunet;
  bench::Options options;
  return bench::run_benchmark(argc, argv,
                              "Measures every algorithm that could run a convolution of a training step on a CUDA "
                              "device, within the limits and beyond.",
                              bench::arguments_of(options),
                              [&] { bench::run(options, bench::describe_run(argc, argv)); });
}
