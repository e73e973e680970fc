#include "kernels/conv3d/cpu/conv3d_onednn.h"

#include <map>
#include <tuple>

#include "kernels/conv3d/cpu/onednn_generation.h"

namespace revunet::conv3d_detail {

namespace {

using Format = dnnl::memory::format_tag;

struct Problem {
  DType x, y;  // types
  int64_t N, D, H, W, I, O, k;
  bool bias, add;
  auto operator<=>(const Problem&) const = default;
};

struct Convolution {
  dnnl::convolution_forward::primitive_desc description;
  dnnl::convolution_forward run;
  dnnl::reorder pack_weights;
};

dnnl::memory::desc f32(const dnnl::memory::dims& dims, Format format) {
  return {dims, dnnl::memory::data_type::f32, format};
}

dnnl::memory::desc typed(DType dtype, const dnnl::memory::dims& dims, Format format) {
  using Type = dnnl::memory::data_type;
  return {dims, dtype == DType::bf16 ? Type::bf16 : Type::f32, format};
}

dnnl::memory::desc weights_as_packed(const Problem& p) {
  return f32({p.O, p.I, p.k, p.k, p.k}, Format::dhwio);
}

// Convolutions holds the compiled convolutions of one device, and oneDNN's objects for it.
class Convolutions {
 public:
  const dnnl::engine& engine() const { return engine_; }
  dnnl::stream& stream() { return stream_; }

  const Convolution& get(const Problem& p) {
    const auto found = compiled_.find(p);
    return found != compiled_.end() ? found->second : compiled_.emplace(p, compile(p)).first->second;
  }

 private:
  // Before the first run of a 1x1x1 convolution, oneDNN tries ways to cut an image up. Their number grows with the
  // image's voxels, and for large volumes that takes longer than everything else that a plan does. Images of one plane
  // are multiplied as fast, to the same bits.
  Convolution compile(const Problem& p) const {
    const int64_t pad = (p.k - 1) / 2;
    const dnnl::memory::dims padding(3, pad);
    const auto x = typed(p.x, {p.N, p.I, p.D, p.H, p.W}, Format::ndhwc);
    const auto y = typed(p.y, {p.N, p.O, p.D, p.H, p.W}, Format::ndhwc);
    const auto w = typed(p.x, {p.O, p.I, p.k, p.k, p.k}, Format::any);
    const auto bias = p.bias ? f32({p.O}, Format::x) : dnnl::memory::desc();
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);  // so that the allocator sees the scratchpad
    if (p.add) {
      dnnl::post_ops sum;
      sum.append_sum();
      attributes.set_post_ops(sum);
    }
    const auto description = describe_convolution(engine_, x, w, bias, y, padding, attributes);
    const dnnl::reorder::primitive_desc pack(engine_, weights_as_packed(p), engine_, description.weights_desc());
    return {description, dnnl::convolution_forward(description), dnnl::reorder(pack)};
  }

  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  std::map<Problem, Convolution> compiled_;
};

Tensor workspace(const Context& ctx, size_t bytes) {
  const int64_t elements = static_cast<int64_t>((bytes + sizeof(float) - 1) / sizeof(float));
  return {ctx.for_workspace(), {std::max<int64_t>(elements, 1)}, DType::f32};
}

}  // namespace

bool onednn_has_bf16() {
  return multiplies_bf16();
}

void onednn_forward(const Context& ctx, const Tensor& x, const Tensor& w, const Tensor* bias, int64_t first_bias,
                    Tensor& y, bool add) {
  const auto [N, D, H, W, I] = activation(x.shape());
  Problem problem{x.dtype(), y.dtype(), N, D, H, W, I, activation(y.shape()).C, w.shape()[0], bias != nullptr, add};
  if (problem.k == 1) {  // is one of many images of one plane: see Convolutions::compile
    problem.N = N * D;
    problem.D = 1;
  }
  try {
    auto& convolutions = ctx.device.state<Convolutions>();
    const Convolution& convolution = convolutions.get(problem);
    const auto memory = [&](const dnnl::memory::desc& description, void* data) {
      return dnnl::memory(description, convolutions.engine(), data);
    };

    const auto weights_description = convolution.description.weights_desc();
    const Tensor packed = workspace(ctx, weights_description.get_size());
    const Tensor scratchpad = workspace(ctx, convolution.description.scratchpad_desc().get_size());
    if (!ctx.device.computes()) return;
    auto from = memory(weights_as_packed(problem), w.address());
    auto weights = memory(weights_description, packed.address());
    convolution.pack_weights.execute(convolutions.stream(), from, weights);
    std::unordered_map<int, dnnl::memory> arguments{
        {DNNL_ARG_SRC, memory(convolution.description.src_desc(), x.address())},
        {DNNL_ARG_WEIGHTS, weights},
        {DNNL_ARG_DST, memory(convolution.description.dst_desc(), y.address())},
        {DNNL_ARG_SCRATCHPAD, memory(convolution.description.scratchpad_desc(), scratchpad.address())}};
    if (bias)
      arguments.emplace(DNNL_ARG_BIAS, memory(convolution.description.bias_desc(),
                                              bias->address() + static_cast<size_t>(first_bias) * sizeof(float)));
    convolution.run.execute(convolutions.stream(), arguments);
    convolutions.stream().wait();
  } catch (const dnnl::error& e) {
    throw Error(fmt::format("[conv3d] expected oneDNN to run x {}, weight {}, got its status {}: {}",
                            x.shape().to_string(), w.shape().to_string(), static_cast<int>(e.status), e.what()));
  }
}

}  // namespace revunet::conv3d_detail
