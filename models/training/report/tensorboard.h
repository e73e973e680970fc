// This file writes a run's curves and pictures for TensorBoard: RUN/tensorboard/events.out.tfevents.*. The x axis is
// the optimiser step.
#pragma once

#include <memory>
#include <optional>

#include "io/files/event_file.h"
#include "models/training/report/previews.h"

namespace revunet {

// After each step it writes the scalars loss_of_step/<region>. After each epoch it writes epoch, learning_rate,
// loss/<region>, seconds/<what> and memory_mib/{peak,reserved,<tag>}. After each validation it writes
// dice/{<region>,mean} and the images predictions/<case>.
class TensorBoard : public RunObserver {
 public:
  // Where there is a picture of the case at hand, it is taken from `picture`.
  TensorBoard(const RunFolder& folder, io::TaskPointer task, std::shared_ptr<Picture> picture)
      : folder_(folder.file("tensorboard")), task_(std::move(task)), picture_(std::move(picture)) {}

  std::string name() const override { return "events for TensorBoard"; }
  void on_start(int64_t step) override;
  void on_step(int64_t step, const RegionValues& losses) override;
  void on_validation_case(const ValidatedCase& c) override;
  void on_epoch(const EpochRecord& record) override;

 private:
  void add_losses(int64_t step, const std::string& group, const RegionValues& losses);

  std::filesystem::path folder_;
  io::TaskPointer task_;
  std::shared_ptr<Picture> picture_;
  int64_t step_ = 0;                   // the last step of the run
  std::optional<io::EventFile> file_;  // set by on_start
};

}  // namespace revunet
