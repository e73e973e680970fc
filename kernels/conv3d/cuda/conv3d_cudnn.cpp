#include "kernels/conv3d/cuda/conv3d_cudnn.h"

#include <algorithm>
#include <array>
#include <set>

#include "engine/cuda/library_memory.h"
#include "engine/cuda/optional_libraries.h"
#include "engine/tensor.h"

namespace revunet::cuda {

namespace {

constexpr int64_t kMostConfigurations = 64;     // asked for from one heuristic
constexpr const char* kFusedPrefix = "fused ";  // of algorithms' names
// These are the tensors of a graph. kProduct is a fused graph's convolution before it is combined with the existing
// result.
enum Uid : int64_t { kX = 1, kW = 2, kY = 3, kResult = 4, kProduct = 5 };

cudnnDataType_t type_of(DType dtype) {
  return dtype == DType::f32 ? CUDNN_DATA_FLOAT : CUDNN_DATA_BFLOAT16;
}

// Describes a tensor (outer, D, H, W, C) in memory, in cuDNN's order of extents (outer, C, D, H, W).
Descriptor tensor(Uid uid, DType dtype, const std::array<int64_t, 5>& extents, bool in_memory = true) {
  const auto [n, d, h, w, c] = extents;
  const std::array<int64_t, 5> dims = {n, c, d, h, w}, strides = {d * h * w * c, 1, h * w * c, w * c, c};
  Descriptor t(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  t.set(CUDNN_ATTR_TENSOR_DATA_TYPE, type_of(dtype));
  t.set(CUDNN_ATTR_TENSOR_DIMENSIONS, dims);
  t.set(CUDNN_ATTR_TENSOR_STRIDES, strides);
  t.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, static_cast<int64_t>(uid));
  t.set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, int64_t{16});
  if (const bool is_virtual = !in_memory; is_virtual) {
    t.set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, 1, &is_virtual);
  }
  t.finalize();
  return t;
}

Descriptor convolution(const ConvolutionProblem& p) {
  const std::array<int64_t, 3> ones = {1, 1, 1}, padding = {(p.k - 1) / 2, (p.k - 1) / 2, (p.k - 1) / 2};
  const cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
  Descriptor c(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  c.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_DATA_FLOAT);
  c.set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode);
  c.set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, int64_t{3});
  c.set(CUDNN_ATTR_CONVOLUTION_DILATIONS, ones);
  c.set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, ones);
  c.set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, padding);
  c.set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, padding);
  c.finalize();
  return c;
}

// Names holds what an operation's attributes are called in each direction.
struct Names {
  cudnnBackendDescriptorType_t operation;
  cudnnBackendAttributeName_t alpha, beta, convolution, x, w, y;
};

Names names_of(Direction direction) {
  switch (direction) {
    case Direction::forward:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y};
    case Direction::backward_data:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY};
    case Direction::backward_weight:
      break;
  }
  return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY};
}

std::array<int64_t, 5> extents_of(const ConvolutionProblem& p, Uid uid) {
  if (uid == kX) return {p.N, p.D, p.H, p.W, p.I};
  if (uid == kY) return {p.N, p.D, p.H, p.W, p.O};
  return {p.O, p.k, p.k, p.k, p.I};
}

Uid result_of(Direction direction) {
  return direction == Direction::forward ? kY : direction == Direction::backward_data ? kX : kW;
}

// Returns the convolution and the operations after it. The caller keeps them until the graph is made of them.
std::vector<Descriptor> operations_of(const ConvolutionProblem& p, AlgorithmForm form) {
  const Names names = names_of(p.direction);
  const Uid result = result_of(p.direction);
  const auto operand = [&](Uid uid) {
    return form == AlgorithmForm::fused && uid == result
               ? tensor(kProduct, DType::f32, extents_of(p, uid), false)
               : tensor(uid, uid == result ? p.result : p.operands, extents_of(p, uid));
  };
  std::vector<Descriptor> operations;
  Descriptor& convolve = operations.emplace_back(names.operation);
  convolve.set(names.convolution, convolution(p));
  convolve.set(names.x, operand(kX));
  convolve.set(names.w, operand(kW));
  convolve.set(names.y, operand(kY));
  convolve.set(names.alpha, form == AlgorithmForm::plain ? static_cast<float>(p.alpha) : 1.0f);
  convolve.set(names.beta, form == AlgorithmForm::plain ? static_cast<float>(p.beta) : 0.0f);
  convolve.finalize();
  if (form == AlgorithmForm::plain) return operations;

  const cudnnPointwiseMode_t mode = p.beta == 0   ? CUDNN_POINTWISE_IDENTITY
                                    : p.alpha < 0 ? CUDNN_POINTWISE_SUB
                                                  : CUDNN_POINTWISE_ADD;
  Descriptor kind(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
  kind.set(CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &mode);
  kind.set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_DATA_FLOAT);
  kind.finalize();
  Descriptor deliver(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
  deliver.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, kind);
  const Descriptor product = operand(result);
  if (p.beta == 0) {
    deliver.set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, product);
  } else {
    deliver.set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, tensor(kResult, p.result, extents_of(p, result)));
    deliver.set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, product);
  }
  deliver.set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, tensor(result, p.result, extents_of(p, result)));
  deliver.finalize();
  operations.push_back(std::move(deliver));
  return operations;
}

Descriptor graph_of(const AlgorithmTarget& target, const ConvolutionProblem& p, AlgorithmForm form) {
  const std::vector<Descriptor> operations = operations_of(p, form);
  std::vector<cudnnBackendDescriptor_t> raw;
  for (const Descriptor& operation : operations) raw.push_back(operation.get());
  Descriptor graph(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  graph.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, static_cast<int64_t>(raw.size()), raw.data());
  target.apply_to_graph(graph);
  graph.finalize();
  return graph;
}

// Returns what cuDNN's heuristics propose, best first and its fallbacks last.
std::vector<Descriptor> configurations(const AlgorithmTarget& target, const Descriptor& graph) {
  std::vector<Descriptor> all;
  for (const cudnnBackendHeurMode_t mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK}) {
    Descriptor heuristic(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
    heuristic.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
    heuristic.set(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode);
    target.apply_to_heuristic(heuristic);
    if (heuristic.try_finalize() != CUDNN_STATUS_SUCCESS) continue;
    for (Descriptor& found : heuristic.get_descriptors(CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                                       CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, kMostConfigurations)) {
      all.push_back(std::move(found));
    }
  }
  return all;
}

bool contains(const std::vector<int32_t>& notes, int32_t note) {
  return std::ranges::find(notes, note) != notes.end();
}

// Returns whether an engine with these notes is within the limits.
bool within(const AlgorithmLimits& limits, DType dtype, const std::vector<int32_t>& notes) {
  // An engine with one of these notes does not compute plain sums of f32 products.
  constexpr std::array kNotStrict = {CUDNN_NUMERICAL_NOTE_TENSOR_CORE,
                                     CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS,
                                     CUDNN_NUMERICAL_NOTE_FFT,
                                     CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION,
                                     CUDNN_NUMERICAL_NOTE_WINOGRAD,
                                     CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_4x4,
                                     CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_6x6,
                                     CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13};
  if (limits.arithmetic.deterministic && contains(notes, CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC)) return false;
  if (!limits.arithmetic.strict_fp32 || dtype != DType::f32) return true;
  return std::ranges::none_of(kNotStrict, [&](int32_t note) { return contains(notes, note); });
}

std::string name_of_configuration(const Descriptor& configuration, int64_t engine) {
  std::string name = fmt::format("engine {}", engine);
  for (const Descriptor& knob :
       configuration.get_descriptors(CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR, 64)) {
    int32_t type = 0;
    int64_t count = 0;
    REVUNET_CUDNN_CHECK(
        cudnnBackendGetAttribute(knob.get(), CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE, 1, &count, &type));
    name += fmt::format(" {}={}", type, knob.get_int64(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE));
  }
  return name;
}

}  // namespace

void AlgorithmTarget::apply_to_graph(Descriptor& graph) const {
  if (handle_) graph.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, handle_);
}

#if REVUNET_CUDNN_KNOWS_DESCRIBED_DEVICES
AlgorithmTarget::AlgorithmTarget(const std::string& device_properties) {
  properties_.emplace(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  properties_->set(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR,
                   static_cast<int64_t>(device_properties.size()), device_properties.data());
  properties_->finalize();
}

void AlgorithmTarget::apply_to_heuristic(Descriptor& heuristic) const {
  if (properties_) heuristic.set(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, *properties_);
}

void AlgorithmTarget::apply_to_algorithm(Descriptor& algorithm) const {
  if (properties_) return algorithm.set(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, *properties_);
  algorithm.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, handle_);
}
#else
void AlgorithmTarget::apply_to_heuristic(Descriptor&) const {}

void AlgorithmTarget::apply_to_algorithm(Descriptor& algorithm) const {
  algorithm.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, handle_);
}
#endif

std::optional<Descriptor> AlgorithmTarget::make(const Descriptor& configuration) {
  const auto made = [&](Descriptor& algorithm) {
    algorithm.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, configuration);
    apply_to_algorithm(algorithm);
    return algorithm.try_finalize();
  };
  std::optional<Descriptor> algorithm;
  const auto make_one = [&] { return made(algorithm.emplace(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR)); };
  const cudnnStatus_t status = device_ ? with_room(*device_, make_one) : make_one();
  if (status == CUDNN_STATUS_SUCCESS) return algorithm;
  out_of_memory_ = out_of_memory_ || (device_ && found_no_memory(status));
  return std::nullopt;
}

cudnnStatus_t CudnnAlgorithm::execute(const Context& ctx, const ConvolutionBuffers& buffers) const {
  const auto floats = static_cast<int64_t>((workspace() + sizeof(float) - 1) / sizeof(float));
  const Tensor memory(ctx.for_workspace(), {std::max<int64_t>(1, floats)}, DType::f32);
  void* const address = memory.address();
  std::vector<int64_t> uids = {kX, kW, kY};
  std::vector<void*> pointers = {buffers.x, buffers.w, buffers.y};
  if (reads_result_) {
    uids.push_back(kResult);
    pointers.push_back(buffers.result(*reads_result_));
  }
  Descriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, uids);
  pack.set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, static_cast<int64_t>(pointers.size()),
           pointers.data());
  pack.set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &address);
  pack.finalize();
  return cudnnBackendExecute(handle_, algorithm_.get(), pack.get());
}

RunStatus CudnnAlgorithm::try_run(const Context& ctx, const ConvolutionBuffers& buffers) const {
  const cudnnStatus_t status = execute(ctx, buffers);
  if (status == CUDNN_STATUS_SUCCESS) return {};
  return {cudnnGetErrorString(status), found_no_memory(status)};
}

void CudnnAlgorithm::run(const Context& ctx, const ConvolutionBuffers& buffers) const {
  // It is not called again where it finds no memory, because a part of it may have added to the result already.
  const cudnnStatus_t status = execute(ctx, buffers);
  if (found_no_memory(status)) ctx.device.allocator().refuse_library("cuDNN");
  REVUNET_CUDNN_CHECK(status);
}

AlgorithmForm form_of(const std::string& algorithm_name) {
  return algorithm_name.starts_with(kFusedPrefix) ? AlgorithmForm::fused : AlgorithmForm::plain;
}

std::vector<CudnnAlgorithm> cudnn_algorithms(AlgorithmTarget& target, const ConvolutionProblem& problem,
                                             const AlgorithmLimits& limits, AlgorithmForm form,
                                             const std::optional<std::string>& only, const Enough& enough) {
  if (form == AlgorithmForm::fused) load_nvrtc();  // Without it, cuDNN offers none that it compiles.
  std::vector<CudnnAlgorithm> algorithms;
  std::set<std::string> seen;  // several heuristics may propose the same one
  const Descriptor graph = graph_of(target, problem, form);
  for (const Descriptor& configuration : configurations(target, graph)) {
    const auto engines = configuration.get_descriptors(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_BACKEND_ENGINE_DESCRIPTOR, 1);
    const auto notes = engines.at(0).get_notes(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE);
    if (!within(limits, problem.operands, notes)) continue;
    std::string name =
        fmt::format("{}{}", form == AlgorithmForm::fused ? kFusedPrefix : "",
                    name_of_configuration(configuration, engines[0].get_int64(CUDNN_ATTR_ENGINE_GLOBAL_INDEX)));
    if ((only && name != *only) || !seen.insert(name).second) continue;
    std::optional<Descriptor> algorithm = target.make(configuration);
    if (!algorithm) continue;
    const auto workspace = static_cast<size_t>(algorithm->get_int64(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE));
    if (workspace > limits.workspace) continue;
    algorithms.emplace_back(
        target.handle(), std::move(*algorithm),
        ConvolutionAlgorithm::Properties{.library = "cuDNN",
                                         .name = std::move(name),
                                         .workspace = workspace,
                                         .tensor_cores = contains(notes, CUDNN_NUMERICAL_NOTE_TENSOR_CORE),
                                         .deterministic = !contains(notes, CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC)},
        form == AlgorithmForm::fused && problem.beta != 0 ? std::optional(problem.direction) : std::nullopt);
    if (enough && enough(algorithms)) break;
  }
  return algorithms;
}

}  // namespace revunet::cuda
