#include "bench/step/op_times.h"

#include "bench/common/table.h"
#ifdef REVUNET_WITH_CUDA
#include "engine/cuda/op_timer.h"
#endif

namespace revunet::bench {

Json report_op_times([[maybe_unused]] TrainingRun& run) {
#ifdef REVUNET_WITH_CUDA
  if (run.device().kind() == DeviceKind::cuda) {
    auto& timer = run.device().state<cuda::OpTimer>();
    timer.start();
    run.step();
    const auto times = timer.stop();
    double total = 0;
    for (const auto& time : times) total += time.milliseconds;
    Table table({run.variant().name + ": op", "calls", "ms", "share"});
    Json list = Json::array();
    for (const auto& [op, calls, milliseconds] : times) {
      table.add_row({op, std::to_string(calls), fmt::format("{:.3f}", milliseconds),
                     fmt::format("{:.1f} %", 100 * milliseconds / total)});
      list.push_back({{"op", op}, {"calls", calls}, {"milliseconds", milliseconds}});
    }
    fmt::print("\n{}", table.to_string());
    return list;
  }
#endif
  throw UsageError("[--op-times] expected --device cuda, whose ops are timed on the device; got the CPU");
}

}  // namespace revunet::bench
