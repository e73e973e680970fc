// These are the calls of cuDNN's backend that the project makes, on the CPU.
#include "tests/cusim/cudnn_engines.h"

#include <cudnn.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <vector>

#include "engine/bfloat16.h"
#include "tests/cusim/convolution.h"
#include "tests/cusim/streams.h"

using revunet::cusim::Engine;
using revunet::cusim::engine_of;
using revunet::cusim::Flaw;
using revunet::cusim::offered_engines;

namespace {

struct Object;
using Handle = std::shared_ptr<Object>;

struct Object {
  cudnnBackendDescriptorType_t type;
  std::map<int, std::vector<unsigned char>> values;
  std::map<int, std::vector<Handle>> objects;
  int64_t engine = -1;  // for configurations and engines

  template <class T>
  T value(int name, size_t index = 0) const {
    T result;
    std::memcpy(&result, values.at(name).data() + index * sizeof(T), sizeof(T));
    return result;
  }
  const Object& object(int name) const { return *objects.at(name).at(0); }
};

Object& object_of(cudnnBackendDescriptor_t descriptor) {
  return **static_cast<Handle*>(descriptor);
}

size_t size_of(cudnnBackendAttributeType_t type) {
  switch (type) {
    case CUDNN_TYPE_HANDLE:
    case CUDNN_TYPE_INT64:
    case CUDNN_TYPE_VOID_PTR:
      return 8;
    case CUDNN_TYPE_BOOLEAN:
    case CUDNN_TYPE_CHAR:
      return 1;
    default:
      return 4;  // enums and floats
  }
}

struct Convolution {
  revunet::cusim::ConvolutionShape shape;
  bool reads_bf16, writes_bf16;
  float alpha, beta;
};

std::vector<float> read(const Convolution& c, const void* from, int64_t count) {
  std::vector<float> values(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    values[static_cast<size_t>(i)] = c.reads_bf16 ? static_cast<float>(static_cast<const revunet::bfloat16*>(from)[i])
                                                  : static_cast<const float*>(from)[i];
  }
  return values;
}

void write(const Convolution& c, const std::vector<double>& sums, float factor, void* to) {
  for (size_t i = 0; i < sums.size(); ++i) {
    auto* bf16 = static_cast<revunet::bfloat16*>(to) + i;
    auto* f32 = static_cast<float*>(to) + i;
    const float before = c.beta == 0 ? 0.0f : c.writes_bf16 ? static_cast<float>(*bf16) : *f32;
    const float value = factor * c.alpha * static_cast<float>(sums[i]) + c.beta * before;
    if (c.writes_bf16) {
      *bf16 = revunet::bfloat16(value);
    } else {
      *f32 = value;
    }
  }
}

void execute(const Convolution& c, cudnnBackendDescriptorType_t direction, float factor, void* x, void* w, void* y) {
  using namespace revunet::cusim;
  const int64_t of_x = c.shape.voxels() * c.shape.I, of_y = c.shape.voxels() * c.shape.O;
  const int64_t of_w = c.shape.O * c.shape.taps() * c.shape.I;
  switch (direction) {
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR:
      return write(c, forward(c.shape, read(c, x, of_x), read(c, w, of_w)), factor, y);
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR:
      return write(c, backward_data(c.shape, read(c, y, of_y), read(c, w, of_w)), factor, x);
    default:
      return write(c, backward_weight(c.shape, read(c, x, of_x), read(c, y, of_y)), factor, w);
  }
}

// Names holds what an operation's attributes are called in each direction.
struct Names {
  int convolution, alpha, beta, x, w, y;
};
Names names_of(cudnnBackendDescriptorType_t direction) {
  switch (direction) {
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR:
      return {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA,      CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,         CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y};
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR:
      return {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA,      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,         CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY};
    default:
      return {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA,      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,        CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY};
  }
}

// Returns whether channels are last and without gaps, as in the project's tensors.
bool channels_last(const Object& tensor) {
  const auto dim = [&](size_t i) { return tensor.value<int64_t>(CUDNN_ATTR_TENSOR_DIMENSIONS, i); };
  const auto stride = [&](size_t i) { return tensor.value<int64_t>(CUDNN_ATTR_TENSOR_STRIDES, i); };
  return stride(1) == 1 && stride(4) == dim(1) && stride(3) == stride(4) * dim(4) && stride(2) == stride(3) * dim(3) &&
         stride(0) == stride(2) * dim(2);
}

// Returns the operation after a convolution in a fused graph, or nullptr in a plain one.
const Object* operation_after(const Object& graph) {
  const std::vector<Handle>& operations = graph.objects.at(CUDNN_ATTR_OPERATIONGRAPH_OPS);
  return operations.size() > 1 ? operations[1].get() : nullptr;
}

bool is_bf16(const Object& tensor) {
  return tensor.value<int32_t>(CUDNN_ATTR_TENSOR_DATA_TYPE) == CUDNN_DATA_BFLOAT16;
}

// Returns the tensor that an operation of a plain graph writes.
const Object& result_of(const Object& operation) {
  const Names names = names_of(operation.type);
  switch (operation.type) {
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR:
      return operation.object(names.y);
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR:
      return operation.object(names.x);
    default:
      return operation.object(names.w);
  }
}

// Returns a tensor that it reads.
const Object& operand_of(const Object& operation) {
  const Names names = names_of(operation.type);
  return operation.object(operation.type == CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR ? names.x : names.y);
}

std::vector<int64_t> engines_for(const Object& graph, int mode) {
  const bool fused = operation_after(graph) != nullptr;
  const Object& operation = graph.object(CUDNN_ATTR_OPERATIONGRAPH_OPS);
  if (!fused && is_bf16(result_of(operation)) != is_bf16(operand_of(operation))) return {};  // as in cuDNN
  std::vector<int64_t> numbers;
  for (const Engine& engine : offered_engines()) {
    const bool proposed = mode == CUDNN_HEUR_MODE_A ? engine.in_first : engine.in_fallback;
    if (proposed && engine.fused == fused) numbers.push_back(engine.number);
  }
  return numbers;
}

template <class T>
cudnnStatus_t give(const std::vector<T>& from, int64_t requested, int64_t* count, void* to) {
  *count = static_cast<int64_t>(from.size());
  std::copy_n(from.begin(), to ? std::min(from.size(), static_cast<size_t>(requested)) : 0, static_cast<T*>(to));
  return CUDNN_STATUS_SUCCESS;
}

}  // namespace

extern "C" {

size_t cudnnGetVersion() {
  return CUDNN_VERSION;
}

cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) {
  *handle = reinterpret_cast<cudnnHandle_t>(new int(0));
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) {
  delete reinterpret_cast<int*>(handle);
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetStream(cudnnHandle_t, cudaStream_t stream) {
  revunet::cusim::set_library_stream(stream);
  return CUDNN_STATUS_SUCCESS;
}
const char* cudnnGetErrorString(cudnnStatus_t status) {
  return status == CUDNN_STATUS_SUCCESS ? "success" : "an error of the stand-in";
}
void cudnnGetLastErrorString(char* message, size_t size) {
  if (size > 0) message[0] = '\0';
}

cudnnStatus_t cudnnBackendCreateDescriptor(cudnnBackendDescriptorType_t type, cudnnBackendDescriptor_t* descriptor) {
  *descriptor = new Handle(std::make_shared<Object>(Object{type, {}, {}}));
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t descriptor) {
  delete static_cast<Handle*>(descriptor);
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t count, const void* values) {
  Object& object = object_of(descriptor);
  if (type == CUDNN_TYPE_BACKEND_DESCRIPTOR) {
    std::vector<Handle>& to = object.objects[name];
    for (int64_t i = 0; i < count; ++i) {
      to.push_back(*static_cast<Handle*>(static_cast<const cudnnBackendDescriptor_t*>(values)[i]));
    }
    return CUDNN_STATUS_SUCCESS;
  }
  const auto* bytes = static_cast<const unsigned char*>(values);
  object.values[name].assign(bytes, bytes + static_cast<size_t>(count) * size_of(type));
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t descriptor) {
  const Object& object = object_of(descriptor);
  if (object.type == CUDNN_BACKEND_TENSOR_DESCRIPTOR && !channels_last(object)) return CUDNN_STATUS_NOT_SUPPORTED;
  if (object.type == CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR) {
    Engine& engine = engine_of(object.object(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG).engine);
    if (engine.unmade > 0) {
      --engine.unmade;
      return CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED;
    }
  }
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendGetAttribute(cudnnBackendDescriptor_t const descriptor, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t, int64_t requested, int64_t* count, void* values) {
  const Object& object = object_of(descriptor);
  const auto fill = [&](const std::vector<int64_t>& engines) {
    *count = static_cast<int64_t>(engines.size());
    for (int64_t i = 0; i < std::min(requested, *count); ++i) {
      Object& to = object_of(static_cast<cudnnBackendDescriptor_t*>(values)[i]);
      to.engine = engines[static_cast<size_t>(i)];
      to.objects = object.objects;
    }
    return CUDNN_STATUS_SUCCESS;
  };
  switch (name) {
    case CUDNN_ATTR_ENGINEHEUR_RESULTS:
      return fill(engines_for(object.object(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH),
                              object.value<int32_t>(CUDNN_ATTR_ENGINEHEUR_MODE)));
    case CUDNN_ATTR_ENGINECFG_ENGINE:
      return fill({object.engine});
    case CUDNN_ATTR_ENGINECFG_KNOB_CHOICES:
      return fill({});
    case CUDNN_ATTR_ENGINE_GLOBAL_INDEX:
      return give<int64_t>({object.engine}, requested, count, values);
    case CUDNN_ATTR_ENGINE_NUMERICAL_NOTE:
      return give(engine_of(object.engine).notes, requested, count, values);
    case CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE: {
      const Object& configuration = object.object(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG);
      return give<int64_t>({static_cast<int64_t>(engine_of(configuration.engine).workspace)}, requested, count, values);
    }
    default:
      return CUDNN_STATUS_NOT_SUPPORTED;
  }
}

cudnnStatus_t cudnnBackendExecute(cudnnHandle_t, cudnnBackendDescriptor_t algorithm, cudnnBackendDescriptor_t pack) {
  revunet::cusim::run_library_stream();
  const Object& configuration = object_of(algorithm).object(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG);
  const Object& graph = configuration.object(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH);
  const Object& operation = graph.object(CUDNN_ATTR_OPERATIONGRAPH_OPS);
  const Object* after = operation_after(graph);
  const Names names = names_of(operation.type);
  const Object &x = operation.object(names.x), &w = operation.object(names.w);
  const Object& result = after ? after->object(CUDNN_ATTR_OPERATION_POINTWISE_YDESC) : result_of(operation);
  const auto dim = [](const Object& tensor, size_t i) {
    return tensor.value<int64_t>(CUDNN_ATTR_TENSOR_DIMENSIONS, i);
  };
  Convolution c{.shape = {dim(x, 0), dim(x, 1), dim(w, 0), dim(x, 2), dim(x, 3), dim(x, 4), dim(w, 2)},
                .reads_bf16 = is_bf16(operand_of(operation)),
                .writes_bf16 = is_bf16(result),
                .alpha = operation.value<float>(names.alpha),
                .beta = operation.value<float>(names.beta)};
  const Object& given = object_of(pack);
  std::map<int64_t, void*> pointers;
  const size_t count = given.values.at(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS).size() / sizeof(int64_t);
  for (size_t i = 0; i < count; ++i) {
    pointers[given.value<int64_t>(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, i)] =
        given.value<void*>(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, i);
  }
  const auto uid_of = [](const Object& tensor) { return tensor.value<int64_t>(CUDNN_ATTR_TENSOR_UNIQUE_ID); };
  if (after) {
    const auto mode =
        after->object(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR).value<int32_t>(CUDNN_ATTR_POINTWISE_MODE);
    void* to = pointers.at(uid_of(result));
    const Object& first = after->object(CUDNN_ATTR_OPERATION_POINTWISE_XDESC);
    const bool adds = mode != CUDNN_POINTWISE_IDENTITY;
    const Object& product = adds ? after->object(CUDNN_ATTR_OPERATION_POINTWISE_BDESC) : first;
    if (adds && pointers.at(uid_of(first)) != to) return CUDNN_STATUS_NOT_SUPPORTED;  // the project adds in place
    c.alpha *= mode == CUDNN_POINTWISE_SUB ? -1.0f : 1.0f;
    c.beta = adds ? 1.0f : 0.0f;
    pointers[uid_of(product)] = to;  // it has no memory of its own
  }
  const auto pointer = [&](int name) { return pointers.at(uid_of(operation.object(name))); };
  Engine& engine = engine_of(configuration.engine);
  if (const cudnnStatus_t failed = begin_run(engine); failed != CUDNN_STATUS_SUCCESS) return failed;
  if (engine.flaw == Flaw::ignores_beta) c.beta = 0;
  if (engine.flaw == Flaw::adds_always) c.beta = 1;
  if (engine.flaw == Flaw::ignores_alpha) c.alpha = 1;
  // The engine may write as much workspace as it asked for.
  std::memset(given.value<void*>(CUDNN_ATTR_VARIANT_PACK_WORKSPACE), 0xff, engine.workspace);
  const float factor = engine.flaw == Flaw::wrong_factor ? 1.5f : engine.flaw == Flaw::coarse ? 1.01f : 1.0f;
  execute(c, operation.type, factor, pointer(names.x), pointer(names.w), pointer(names.y));
  return CUDNN_STATUS_SUCCESS;
}

}  // extern "C"
