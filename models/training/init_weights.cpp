#include "models/training/init_weights.h"

#include <spdlog/spdlog.h>

#include "engine/error.h"
#include "models/inference/weights_file.h"
#include "models/inference/weights_reader.h"

namespace revunet {

void load_initial_weights(const std::filesystem::path& path, const io::Background& background, UNet& model) {
  const io::SafetensorsFile file = read_weights(path, [](const std::string& note) { spdlog::warn("note: {}", note); });
  load_weights(file, model);
  const std::string known = weights_info(file).background.value_or(background).name();
  if (known == background.name()) return;
  spdlog::warn("warning: [`init`] expected weights of `background` {}, as this run has, got {}, of `background` {}",
               background.name(), path.string(), known);
}

}  // namespace revunet
