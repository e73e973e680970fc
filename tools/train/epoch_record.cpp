#include "tools/train/epoch_record.h"

#include <fmt/ranges.h>

#include "engine/memory/report.h"

namespace revunet::tools {

std::string csv_header() {
  std::string header =
      "epoch,step,learning_rate,loss,loss_wt,loss_tc,loss_et,dice_wt,dice_tc,dice_et,training_seconds,"
      "waiting_seconds,validation_seconds,peak_allocated_bytes,peak_reserved_bytes";
  for (const char* tag : kTagNames) header += fmt::format(",peak_{}_bytes", tag);
  return header + '\n';
}

std::string csv_row(const EpochRecord& r) {
  std::string row =
      fmt::format("{},{},{:g},{:.6f},{:.6f}", r.epoch, r.step, r.learning_rate, r.total_loss(), fmt::join(r.loss, ","));
  for (size_t i = 0; i < r.loss.size(); ++i) row += r.dice ? fmt::format(",{:.6f}", (*r.dice)[i]) : ",";
  return row + fmt::format(",{:.3f},{:.3f},{:.3f},{},{},{}\n", r.training_seconds, r.waiting_seconds,
                           r.validation_seconds, r.memory.peak_allocated, r.memory.peak_reserved,
                           fmt::join(r.memory.at_peak, ","));
}

std::string describe(const EpochRecord& r, int64_t epochs, bool best) {
  std::string line = fmt::format("epoch {}/{}  loss {:.4f} (WT {:.3f} TC {:.3f} ET {:.3f})", r.epoch, epochs,
                                 r.total_loss(), r.loss[0], r.loss[1], r.loss[2]);
  if (r.dice) {
    const auto& d = *r.dice;
    line += fmt::format("  validation Dice WT {:.3f} TC {:.3f} ET {:.3f}", d[0], d[1], d[2]);
  }
  return line +
         fmt::format("  {:.1f} s ({:.1f} computing, {:.1f} waiting for data, {:.1f} validating)  peak {:.0f} MiB{}",
                     r.training_seconds + r.validation_seconds, r.training_seconds - r.waiting_seconds,
                     r.waiting_seconds, r.validation_seconds, mib(r.memory.peak_allocated), best ? "  best" : "");
}

}  // namespace revunet::tools
