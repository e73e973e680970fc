// bench-ops measures how fast each op runs by itself, forward and, where there is one, backward, and compares that with
// the most that the machine can do.
#include "bench/common/command_line.h"
#include "bench/common/run_description.h"
#include "bench/common/table.h"
#include "bench/ops/timed_case.h"
#include "io/nifti/volume_size.h"
#include "models/precision.h"

namespace revunet::bench {

namespace {

// The first runs compile primitives, reserve memory and make the parameters' gradients.
constexpr int kWarmUpRuns = 2;

struct Options {
  int threads = available_cpu_threads();
  std::string filter;
  int repetitions = 9;
  std::string size = "64,64,64", json;
  Precision precision = Precision::fp32;
  DeviceOptions device = device_of("auto");
};

// A Measurement is one pass of one case: a row of the table and an entry of the file.
struct Measurement {
  std::string name;
  const char* pass;
  double flops, bytes;
  std::vector<double> runs, cpu_runs;  // seconds

  void add(const Cost& cost) {
    runs.push_back(cost.seconds);
    cpu_runs.push_back(cost.cpu_seconds);
  }
  Summary seconds() const { return summarise(runs); }
  Summary cpu_seconds() const { return summarise(cpu_runs); }
  double flops_per_second() const { return flops / seconds().median; }
  double bytes_per_second() const { return bytes / seconds().median; }
};

// Returns the ratio of the bytes of a case's tensors to those in f32, which is that of its inputs. Parameters are f32
// in any case.
double bytes_against_f32(const OpCase& op_case, DType dtype) {
  double bytes = 0, f32_bytes = 0;
  for (const CaseInput& input : op_case.inputs) {
    bytes += static_cast<double>(input.shape.elements() * size_of(input.dtype(dtype)));
    f32_bytes += static_cast<double>(input.shape.elements() * size_of(DType::f32));
  }
  return f32_bytes > 0 ? bytes / f32_bytes : 1;
}

// Times forward, then backward where there is one.
std::vector<Measurement> time_case(const OpCase& op_case, DType dtype, Device& device, CacheFlusher& flusher,
                                   int repetitions) {
  TimedCase timed(op_case, dtype, device, flusher);
  const double bytes = bytes_against_f32(op_case, dtype);
  Measurement forward{op_case.name, "forward", op_case.flops_forward, bytes * op_case.bytes_forward, {}, {}};
  Measurement backward{op_case.name, "backward", op_case.flops_backward, bytes * op_case.bytes_backward, {}, {}};
  for (int i = 0; i < kWarmUpRuns; ++i) timed.run();
  for (int i = 0; i < repetitions; ++i) {
    const auto costs = timed.run();
    forward.add(costs.forward);
    if (costs.backward) backward.add(*costs.backward);
  }
  std::vector<Measurement> passes = {std::move(forward)};
  if (op_case.differentiable) passes.push_back(std::move(backward));
  return passes;
}

std::vector<OpCase> chosen_cases(const std::string& filter, const io::Size3& size) {
  std::vector<OpCase> chosen;
  for (OpCase& c : all_op_cases({size[0], size[1], size[2]})) {
    if (c.benchmark && c.name.find(filter) != std::string::npos) chosen.push_back(std::move(c));
  }
  REVUNET_EXPECTS(
      !chosen.empty(), UsageError,
      "[bench-ops] expected a part of a case's name in --filter, got '{}', which is in none; run without it "
      "to see the names",
      filter);
  return chosen;
}

void print(const std::vector<Measurement>& measurements, const Roofs& roofs) {
  Table table({"case", "pass", "ms", "min", "max", "CPU ms", "GFLOP/s", "of peak", "GB/s", "of copy"});
  for (const Measurement& m : measurements) {
    const Summary seconds = m.seconds();
    const auto ms = [](double s) { return fmt::format("{:.2f}", 1e3 * s); };
    const auto rate = [](double per_second) { return per_second > 0 ? fmt::format("{:.1f}", per_second / 1e9) : "-"; };
    const auto share = [](double of, double roof) { return of > 0 ? fmt::format("{:.0f} %", 100 * of / roof) : "-"; };
    table.add_row({m.name, m.pass, ms(seconds.median), ms(seconds.minimum), ms(seconds.maximum),
                   ms(m.cpu_seconds().median), rate(m.flops_per_second()),
                   share(roofs.flops_per_second > 0 ? m.flops_per_second() : 0, roofs.flops_per_second),
                   rate(m.bytes_per_second()), share(m.bytes_per_second(), roofs.bytes_per_second)});
  }
  fmt::print("{}", table.to_string());
}

Json to_json(const std::vector<Measurement>& measurements, const Roofs& roofs) {
  Json list = Json::array();
  for (const Measurement& m : measurements) {
    list.push_back(
        {{"case", m.name},
         {"pass", m.pass},
         {"seconds", bench::to_json(m.seconds())},
         {"cpu_seconds", bench::to_json(m.cpu_seconds())},
         {"flops", m.flops},
         {"bytes", m.bytes},
         {"flops_per_second", m.flops_per_second()},
         {"share_of_peak", roofs.flops_per_second > 0 ? Json(m.flops_per_second() / roofs.flops_per_second) : Json()},
         {"bytes_per_second", m.bytes_per_second()},
         {"share_of_copy", m.bytes_per_second() / roofs.bytes_per_second}});
  }
  return list;
}

void run(const Options& options, Json json) {
  set_cpu_threads(options.threads);
  const std::vector<OpCase> cases = chosen_cases(options.filter, io::parse_size(options.size, "--size"));
  ComputeDevice compute(options.device);
  Device& device = compute.get();
  const Roofs roofs = measure_roofs(device);
  fmt::print("{}, peak {:.1f} GFLOP/s, copy {:.1f} GB/s; median, minimum and maximum of {}, caches flushed\n\n",
             compute.description(), roofs.flops_per_second / 1e9, roofs.bytes_per_second / 1e9, options.repetitions);
  CacheFlusher flusher(Context{device});
  std::vector<Measurement> measurements;
  for (const OpCase& c : cases) {
    fmt::print(stderr, "{}\n", c.name);
    for (Measurement& m : time_case(c, activation_type(options.precision), device, flusher, options.repetitions)) {
      measurements.push_back(std::move(m));
    }
    compute.save_algorithms();
  }
  print(measurements, roofs);
  if (options.json.empty()) return;
  json["threads"] = options.threads;
  json["device"] = compute.description();
  json["size"] = options.size;
  json["precision"] = name_of(options.precision);
  json["repetitions"] = options.repetitions;
  json["peak_flops_per_second"] = roofs.flops_per_second;
  json["copy_bytes_per_second"] = roofs.bytes_per_second;
  json["measurements"] = to_json(measurements, roofs);
  write_json(options.json, json);
}

}  // namespace

}  // namespace revunet::bench

int main(int argc, char** argv) {
  using namespace revunet;
  bench::Options options;
  std::vector<bench::Argument> arguments = bench::machine_arguments(options.precision, options.device);
  arguments.push_back(bench::count("threads", options.threads, "threads of the kernels"));
  arguments.push_back(bench::text("size", options.size, "X,Y,Z of the step's image, multiples of 16 [64,64,64]"));
  arguments.push_back(bench::text("filter", options.filter, "time only cases whose name contains this"));
  arguments.push_back(
      bench::count("repetitions", options.repetitions, "timed runs per case, after two for warming up [9]"));
  arguments.push_back(bench::text("json", options.json, "write the results to this file too"));
  return bench::run_benchmark(argc, argv,
                              "Times every op that training runs, forward and backward, at the sizes of one step.",
                              arguments, [&] { bench::run(options, bench::describe_run(argc, argv)); });
}
