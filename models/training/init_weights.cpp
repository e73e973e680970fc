#include "models/training/init_weights.h"

#include <spdlog/spdlog.h>

#include "engine/error.h"
#include "models/inference/weights_file.h"
#include "models/inference/weights_reader.h"

namespace revunet {

void load_initial_weights(const std::filesystem::path& path, const io::Background& background,
                          const io::TaskPointer& task, UNet& model) {
  const io::SafetensorsFile file = read_weights(path, [](const std::string& note) { spdlog::warn("note: {}", note); });
  const WeightsInfo info = weights_info(file, task);
  REVUNET_EXPECTS(io::same_task(*info.task, *task), DataError,
                  "[`init`] expected weights of the task {}, got {}, of the task {}; choose others",
                  io::describe(*task), path.string(), io::describe(*info.task));
  load_weights(file, model);
  if (!io::same_preparation(*info.task, *task)) {
    spdlog::warn(
        "warning: [`init`] expected weights of the same normalisation and spacing of images as this run has, "
        "got others in {}",
        path.string());
  }
  const std::string known = info.background.value_or(background).name();
  if (known == background.name()) return;
  spdlog::warn("warning: [`init`] expected weights of `background` {}, as this run has, got {}, of `background` {}",
               background.name(), path.string(), known);
}

}  // namespace revunet
