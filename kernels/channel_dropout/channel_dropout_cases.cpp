#include "engine/rng.h"
#include "kernels/channel_dropout/channel_dropout.h"
#include "kernels/op_case.h"

namespace revunet {

namespace {

// Scales a parameter as a norm does. Backward scales the gradient of the result, and adds it to the parameter's.
std::vector<Variable> scaled_parameter(const Context& ctx, Parameter& p, const ChannelDropout& dropout) {
  Tensor scaled(ctx, p.value.shape(), p.value.dtype());  // (C)
  channel_dropout(ctx, p.value, dropout, scaled, Write::overwrite);
  Variable y = make_output(ctx, std::move(scaled));
  if (ctx.tape) {
    ctx.tape->record({.name = "channel_dropout",
                      .inputs = {},
                      .outputs = {y},
                      .parameters = {&p},
                      .backward = [&p, dropout](const Context& c, std::vector<Tensor> dy, Gradients&) {
                        channel_dropout(c, dy[0], dropout, gradient_of(c, p), Write::add);
                      }});
  }
  return {y};
}

// The first value in [0, 1) of the channel's own random sequence says whether the channel is kept.
HostTensors kept_channels(const ChannelDropout& dropout, const HostTensors& x) {
  HostTensors outputs = x;
  for (size_t c = 0; c < x[0].size(); ++c) {
    const uint64_t bits = splitmix64(splitmix64(dropout.key ^ splitmix64(c)));
    const bool kept = static_cast<double>(bits >> 11) >= dropout.rate * 0x1.0p53;
    outputs[0][c] = kept ? x[0][c] / (1 - dropout.rate) : 0;
  }
  return outputs;
}

OpCase channel_dropout_case(const std::string& name, int64_t channels, double rate, bool benchmark = false) {
  const ChannelDropout dropout{rate, dropout_key(1, 2, 3)};
  const double bytes = static_cast<double>(channels * size_of(DType::f32));
  return {.name = "channel_dropout: " + name,
          .inputs = {},
          .parameters = {Shape{channels}},
          .run = [dropout](const Context& ctx, std::vector<Variable>,
                           std::span<Parameter> p) { return scaled_parameter(ctx, p[0], dropout); },
          .reference = [dropout](const HostTensors& x) { return kept_channels(dropout, x); },
          .tolerance_f32 = 1.2e-7,
          .tolerance_reason = "one product: the rounding of the scale and of the result",
          .tolerance_bf16 = 1.2e-7,  // parameters and their gradients are f32 in bf16 too
          .tolerance_f64 = 4e-16,
          .bytes_forward = 2 * bytes,
          .bytes_backward = 3 * bytes,
          .benchmark = benchmark};
}

}  // namespace

std::vector<OpCase> channel_dropout_cases(const LevelSize&) {
  return {channel_dropout_case("no dropout, 3 channels", 3, 0), channel_dropout_case("one channel", 1, 0.4),
          channel_dropout_case("240 channels", 240, 0.4),
          channel_dropout_case("more channels than a launch takes", 1500, 0.9),
          channel_dropout_case("240 channels, a parameter of a norm", 240, 0.4, true)};
}

}  // namespace revunet
