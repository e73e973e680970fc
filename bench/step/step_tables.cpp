#include "bench/step/step_tables.h"

#include "bench/common/table.h"
#include "bench/step/convolution_flops.h"
#include "engine/memory/allocation_table.h"
#include "models/plan/plan.h"

namespace revunet::bench {

namespace {

using Phase = double (*)(const StepSeconds&);

constexpr Phase kTotal = [](const StepSeconds& s) { return s.total(); };
constexpr Phase kWithInput = [](const StepSeconds& s) { return s.with_input(); };
constexpr Phase kInput = [](const StepSeconds& s) { return s.input; };
constexpr Phase kForward = [](const StepSeconds& s) { return s.forward; };
constexpr Phase kBackward = [](const StepSeconds& s) { return s.backward; };
constexpr Phase kCpu = [](const StepSeconds& s) { return s.cpu; };

Summary seconds(const Measured& m, Phase phase) {
  std::vector<double> values;
  for (const StepSeconds& s : m.rounds) values.push_back(phase(s));
  return summarise(std::move(values));
}

// Takes the ratio within each round first, then the median over rounds, so that what disturbs a whole round cancels.
Summary ratio(const Measured& m, const Measured& first) {
  std::vector<double> values;
  for (size_t i = 0; i < m.rounds.size(); ++i) values.push_back(m.rounds[i].total() / first.rounds[i].total());
  return summarise(std::move(values));
}

double flops(const Measured& m) {
  return convolution_flops(m.run.model(), m.run.variant());
}

void print_times(const std::vector<Measured>& variants) {
  Table table({"model", "size", "threads", "s/step", "min", "max", "ratio", "with input", "forward", "backward",
               "CPU s", "conv TFLOP", "GFLOP/s"});
  for (const Measured& m : variants) {
    const Variant& v = m.run.variant();
    const Summary total = seconds(m, kTotal);
    const auto s = [](double value) { return fmt::format("{:.3f}", value); };
    table.add_row({v.name, fmt::format("{}", fmt::join(v.size, "x")), std::to_string(v.threads), s(total.median),
                   s(total.minimum), s(total.maximum), s(ratio(m, variants.front()).median),
                   s(seconds(m, kWithInput).median), s(seconds(m, kForward).median), s(seconds(m, kBackward).median),
                   s(seconds(m, kCpu).median), s(flops(m) / 1e12),
                   fmt::format("{:.1f}", flops(m) / total.median / 1e9)});
  }
  fmt::print("{}\n", table.to_string());
}

void print_memory(const std::vector<Measured>& variants) {
  std::vector<std::string> header{"MiB at the peak"};
  for (const Measured& m : variants) {
    const Variant& v = m.run.variant();
    header.push_back(fmt::format("{} {} {}t", v.name, fmt::join(v.size, "x"), v.threads));
  }
  Table table(header);
  const auto row = [&](const std::string& name, auto bytes) {
    std::vector<std::string> cells{name};
    for (const Measured& m : variants) {
      cells.push_back(fmt::format("{:.1f}", mib(bytes(m.run.memory()))));
    }
    table.add_row(std::move(cells));
  };
  row("allocated", [](const MemoryStats& s) { return s.peak_allocated; });
  row("reserved", [](const MemoryStats& s) { return s.peak_reserved; });
  for (size_t tag = 0; tag < kTagCount; ++tag) {
    row(fmt::format("  {}", kTagNames[tag]), [&](const MemoryStats& s) { return s.at_peak[tag]; });
  }
  fmt::print("{}", table.to_string());
}

size_t planned_peak(TrainingRun& run) {
  const Variant& v = run.variant();
  return plan_training({.network = v.model,
                        .mode = v.mode,
                        .optimiser_step = v.optimiser_step,
                        .precision = v.precision,
                        .layout = run.device().layout(),
                        .size = {v.size[0], v.size[1], v.size[2]}})
      .training.peak_allocated;
}

// The driver's number is what all processes and their libraries have on the device. It is ours alone only in a run by
// itself.
Json memory_json(TrainingRun& run) {
  const MemoryStats& stats = run.memory();
  Json at_peak;
  for (size_t tag = 0; tag < kTagCount; ++tag) at_peak[kTagNames[tag]] = stats.at_peak[tag];
  Json json = {{"peak_allocated_bytes", stats.peak_allocated},
               {"peak_reserved_bytes", stats.peak_reserved},
               {"planned_peak_bytes", planned_peak(run)},
               {"bytes_at_peak", std::move(at_peak)}};
  if (const auto capacity = run.device().memory().capacity()) {
    json["driver_used_bytes"] = capacity->total - capacity->free;
  }
  return json;
}

}  // namespace

void print_tables(const std::vector<Measured>& variants) {
  print_times(variants);
  print_memory(variants);
}

Json to_json(const std::vector<Measured>& variants) {
  Json list = Json::array();
  for (const Measured& m : variants) {
    const Variant& v = m.run.variant();
    Json rounds = Json::array();
    for (const StepSeconds& s : m.rounds) rounds.push_back(s.total());
    list.push_back({{"model", v.name},
                    {"channels", v.model.channels},
                    {"encoder_depth", v.model.encoder_depth},
                    {"decoder_depth", v.model.decoder_depth},
                    {"parameters", m.run.model().parameter_count()},
                    {"precision", name_of(v.precision)},
                    {"size", v.size},
                    {"threads", v.threads},
                    {"device", m.run.device_description()},
                    {"seconds", to_json(seconds(m, kTotal))},
                    {"seconds_with_input", to_json(seconds(m, kWithInput))},
                    {"seconds_by_phase",
                     {{"input", to_json(seconds(m, kInput))},
                      {"forward", to_json(seconds(m, kForward))},
                      {"backward_and_adam", to_json(seconds(m, kBackward))}}},
                    {"cpu_seconds", to_json(seconds(m, kCpu))},
                    {"ratio_to_first", to_json(ratio(m, variants.front()))},
                    {"seconds_by_round", std::move(rounds)},
                    {"convolution_flops", flops(m)},
                    {"memory", memory_json(m.run)},
                    {"losses", m.run.losses()}});
  }
  return list;
}

}  // namespace revunet::bench
