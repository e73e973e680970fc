// A run's curves and pictures for TensorBoard: RUN/tensorboard/events.out.tfevents.*. The x axis is the optimiser step.
#pragma once

#include <memory>
#include <optional>

#include "io/files/event_file.h"
#include "models/training/report/previews.h"

namespace revunet {

// Scalars: after each step loss_of_step/<region>; after each epoch epoch, learning_rate, loss/<region>,
// seconds/<what>, memory_mib/{peak,reserved,<tag>}; after each validation dice/{<region>,mean}. Images:
// predictions/<case>.
class TensorBoard : public RunObserver {
 public:
  // picture: where there is one of a case whose turn it is, it is taken.
  TensorBoard(const RunFolder& folder, std::shared_ptr<Picture> picture)
      : folder_(folder.file("tensorboard")), picture_(std::move(picture)) {}

  std::string name() const override { return "events for TensorBoard"; }
  void on_start(int64_t step) override;
  void on_step(int64_t step, const RegionValues& losses) override;
  void on_validation_case(const ValidatedCase& c) override;
  void on_epoch(const EpochRecord& record) override;

 private:
  void add_regions(int64_t step, const std::string& group, const RegionValues& values);

  std::filesystem::path folder_;
  std::shared_ptr<Picture> picture_;
  int64_t step_ = 0;                   // that the run has come to
  std::optional<io::EventFile> file_;  // from on_start on
};

}  // namespace revunet
