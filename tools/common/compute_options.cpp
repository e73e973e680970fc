#include "tools/common/compute_options.h"

#include <spdlog/spdlog.h>

#include "engine/cpu_threads.h"
#include "engine/distributed/communicator.h"
#include "engine/error.h"
#include "engine/process/cpu_limits.h"
#include "kernels/conv3d/cpu/limit_instructions.h"

namespace revunet::tools {

Option threads_option(int& threads, const std::string& more) {
  return {.name = "threads",
          .value = whole_number(threads, 0, most_cpu_threads()),
          .help = "CPU threads, 0: as many as this process may use; " + more};
}

Option processes_option(int64_t& processes, const std::string& does) {
  return {.name = "processes",
          .value = whole_number(processes, 0, kMostProcesses),
          .help = "how many processes to start on this machine, which " + does +
                  ", each on a GPU of its own or on a part of the CPUs; 1: this process alone, also under mpirun or "
                  "srun; 0: those that mpirun or srun has started",
          .in_files = InFiles::no};
}

Option precision_option(Precision& precision) {
  std::vector<std::pair<std::string, Precision>> names;
  for (const Precision p : kPrecisions) names.emplace_back(name_of(p), p);
  return {.name = "precision",
          .value = choice(precision, names),
          .help =
              "fp32; mixed: convolutions of reversible blocks multiply in bf16, the rest is fp32; bf16: activations "
              "and their gradients are bf16, weights fp32"};
}

namespace {

std::vector<std::pair<std::string, std::optional<CpuInstructions>>> instruction_sets() {
  std::vector<std::pair<std::string, std::optional<CpuInstructions>>> sets = {{"auto", std::nullopt}};
  for (const CpuInstructions set : kCpuInstructions) sets.emplace_back(name_of(set), set);
  return sets;
}

}  // namespace

std::vector<Option> device_options(DeviceSettings& s) {
  return {
      {.name = "device",
       .value = words(s.device),
       .help =
           "cpu, cuda or cuda:N; auto: the first CUDA device if there is one, else the CPU; of several processes on a "
           "machine, each takes another CUDA device",
       .on = "cuda",
       .is_on = [&s] { return device_of(s.device).kind == DeviceKind::cuda; }},
      {.name = "memory-limit",
       .value = bytes(s.memory_limit),
       .help = "memory that tensors may reserve on the device at most, for example 8GiB; 0: all that is free, but on a "
               "GPU 400 MiB less, which its libraries need"},
      {.name = "conv-workspace",
       .value = bytes(s.convolution_workspace),
       .help = "workspace that a convolution may use; more can be faster",
       .needs = "device"},
      {.name = "strict-fp32",
       .value = flag(s.strict_fp32),
       .help = "multiply in full fp32 instead of TF32 on tensor cores: slower, 13 more bits of mantissa",
       .needs = "device"},
      {.name = "deterministic",
       .value = flag(s.deterministic),
       .help = "the same bits in every run on the same GPU (the default), or the fastest convolutions",
       .needs = "device"},
      {.name = "conv-algorithms",
       .value = path(s.algorithm_file),
       .help = "file of the convolution algorithms that were chosen by timing; if it exists, its choices are used "
               "without timing again",
       .names_before = {"plan-cache"},
       .needs = "device"},
      {.name = "cpu-instructions",
       .value = choice(s.cpu_instructions, instruction_sets()),
       .help = "instructions that the CPU uses at most; auto: all that it has; results have the same bits on all "
               "processors with the same instructions and version of oneDNN"}};
}

void prepare_cpu(const DeviceSettings& s, int threads, bool only_plans) {
  only_plans ? set_cpu_threads(threads) : use_cpu_threads(threads);
  if (s.cpu_instructions) limit_cpu_instructions(*s.cpu_instructions);
}

void choose_device(DeviceSettings& s) {
  s.device = device_of(s.device).name();
}

DeviceOptions resolve(const DeviceSettings& s, bool only_plans) {
  DeviceOptions o = device_of(s.device);
  o.arithmetic = {s.deterministic, s.strict_fp32};
  o.memory_limit = s.memory_limit;
  if (o.kind == DeviceKind::cpu) return o;
  REVUNET_EXPECTS(s.convolution_workspace > 0, UsageError, "[--conv-workspace] expected more than 0 bytes, got 0");
  o.layout.convolution_workspace = s.convolution_workspace;
  o.algorithm_file = s.algorithm_file;
  o.log = [](const std::string& line) { spdlog::debug("{}", line); };
  if (!only_plans) expect_cuda_device(o.index);
  return o;
}

}  // namespace revunet::tools
