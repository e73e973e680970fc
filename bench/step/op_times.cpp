#include "bench/step/op_times.h"

#include "bench/common/table.h"
#ifdef REVUNET_WITH_CUDA
#include "engine/cuda/op_timer.h"
#endif

namespace revunet::bench {

#ifdef REVUNET_WITH_CUDA
namespace {

// Prints the times as a table and returns them as a list.
Json report(const std::string& title, const std::vector<cuda::OpTimer::Time>& times) {
  double total = 0;
  for (const auto& time : times) total += time.milliseconds;
  Table table({title, "calls", "ms", "share"});
  Json list = Json::array();
  for (const auto& [name, calls, milliseconds] : times) {
    table.add_row({name, std::to_string(calls), fmt::format("{:.3f}", milliseconds),
                   fmt::format("{:.1f} %", 100 * milliseconds / total)});
    list.push_back({{"name", name}, {"calls", calls}, {"milliseconds", milliseconds}});
  }
  fmt::print("\n{}", table.to_string());
  return list;
}

}  // namespace
#endif

Json report_op_times([[maybe_unused]] TrainingRun& run) {
#ifdef REVUNET_WITH_CUDA
  if (run.device().kind() == DeviceKind::cuda) {
    auto& timer = run.device().state<cuda::OpTimer>();
    timer.start();
    run.step();
    const auto times = timer.stop();
    return {{"by_op", report(run.variant().name + ": op", times.by_op)},
            {"by_layer", report(run.variant().name + ": layer", times.by_layer)}};
  }
#endif
  throw UsageError("[--op-times] expected --device cuda, whose ops are timed on the device; got the CPU");
}

}  // namespace revunet::bench
