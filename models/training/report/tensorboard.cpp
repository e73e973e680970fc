#include "models/training/report/tensorboard.h"

#include <fmt/format.h>

#include <utility>

#include "engine/memory/allocation_table.h"
#include "io/files/folders.h"

namespace revunet {

void TensorBoard::on_start(int64_t step) {
  io::make_folder(folder_);
  file_.emplace(folder_, step + 1);
  step_ = step;
}

void TensorBoard::add_losses(int64_t step, const std::string& group, const RegionValues& losses) {
  const std::vector<std::string> names = loss_names(*task_);
  for (size_t i = 0; i < losses.size(); ++i) file_->add_scalar(step, group + "/" + names[i], losses[i]);
}

void TensorBoard::on_step(int64_t step, const RegionValues& losses) {
  step_ = step;
  add_losses(step, "loss_of_step", losses);
  file_->flush();
}

void TensorBoard::on_validation_case(const ValidatedCase& /*c*/) {
  const Picture taken = std::exchange(*picture_, {});
  if (taken.png.empty()) return;
  file_->add_image(step_, "predictions/" + taken.case_name, taken.png);
  file_->flush();
}

void TensorBoard::on_epoch(const EpochRecord& r) {
  const auto add = [&](const std::string& tag, double value) { file_->add_scalar(r.step, tag, value); };
  add("epoch", static_cast<double>(r.epoch));
  add("learning_rate", r.learning_rate);
  add_losses(r.step, "loss", r.loss);
  add("seconds/computing", r.training_seconds - r.waiting_seconds);
  add("seconds/waiting_for_data", r.waiting_seconds);
  add("seconds/validation", r.validation_seconds);
  add("memory_mib/peak", mib(r.memory.peak_allocated));
  add("memory_mib/reserved", mib(r.memory.peak_reserved));
  for (size_t tag = 0; tag < kTagCount; ++tag) {
    if (tag >= kTagsOfOneProcess && r.memory.at_peak[tag] == 0) continue;  // of one process
    add(fmt::format("memory_mib/{}", kTagNames[tag]), mib(r.memory.at_peak[tag]));
  }
  for (size_t i = 0; i < r.dice.size(); ++i) {
    if (r.dice[i]) add("dice/" + task_->regions()[i].name, *r.dice[i]);
  }
  if (r.mean_dice()) add("dice/mean", *r.mean_dice());
  file_->flush();
}

}  // namespace revunet
