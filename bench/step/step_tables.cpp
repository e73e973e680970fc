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

std::vector<double> totals(const Measured& m) {
  std::vector<double> values;
  for (const StepSeconds& s : m.rounds) values.push_back(s.total());
  return values;
}

Summary ratio(const Measured& m, const Measured& first) {
  return summarise_ratios(totals(m), totals(first));
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

}  // namespace

void print_tables(const std::vector<Measured>& variants) {
  print_times(variants);
  print_memory(variants);
}

Json to_json(const std::vector<Measured>& variants) {
  Json list = Json::array();
  for (const Measured& m : variants) {
    Json json = describe(m.run.variant(), m.run.model(), m.run.device_description());
    Json memory = memory_json(m.run.device());
    memory["planned_peak_bytes"] = planned_peak(m.run);
    json.update({{"seconds", to_json(seconds(m, kTotal))},
                 {"seconds_with_input", to_json(seconds(m, kWithInput))},
                 {"seconds_by_phase",
                  {{"input", to_json(seconds(m, kInput))},
                   {"forward", to_json(seconds(m, kForward))},
                   {"backward_and_adam", to_json(seconds(m, kBackward))}}},
                 {"cpu_seconds", to_json(seconds(m, kCpu))},
                 {"ratio_to_first", to_json(ratio(m, variants.front()))},
                 {"seconds_by_round", totals(m)},
                 {"convolution_flops", flops(m)},
                 {"memory", std::move(memory)},
                 {"losses", m.run.losses()}});
    list.push_back(std::move(json));
  }
  return list;
}

}  // namespace revunet::bench
