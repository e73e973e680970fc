#include "tools/train/init_weights.h"

#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <array>

#include "engine/error.h"
#include "tools/common/parse_list.h"
#include "tools/common/weights_file.h"
#include "tools/common/weights_reader.h"

namespace revunet::tools {

void take_architecture(CLI::App& app, const TrainArguments& a) {
  if (a.init.empty() || !a.resume.empty()) return;
  const UNetConfig stored =
      weights_info(read_weights(a.init, [](const std::string&) {})).config;  // the trainer tells the notes
  struct Choice {
    const char* option;
    std::string of_weights;
    bool agrees;  // where the option was given
  };
  const std::array<Choice, 4> choices = {
      Choice{"--model", name_of(stored.kind), a.model == name_of(stored.kind)},
      Choice{"--channels", fmt::format("{}", fmt::join(stored.channels, ",")),
             !a.channels.empty() && parse_list(a.channels, "--channels") == stored.channels},
      Choice{"--encoder-depth", std::to_string(stored.encoder_depth), a.encoder_depth == stored.encoder_depth},
      Choice{"--decoder-depth", std::to_string(stored.decoder_depth), a.decoder_depth == stored.decoder_depth}};
  for (const Choice& choice : choices) {
    CLI::Option& option = *app.get_option(choice.option);
    if (option.count() == 0) {
      option.add_result(choice.of_weights);
      option.run_callback();
      continue;
    }
    REVUNET_EXPECTS(
        choice.agrees, DataError,
        "[--init] expected weights of {0} {1}, as given, got {2}, of {0} {3}; leave {0} out, or choose other "
        "weights",
        choice.option, fmt::join(option.results(), ","), a.init, choice.of_weights);
  }
}

void load_initial_weights(const std::filesystem::path& path, const io::Background& background, UNet& model) {
  const io::SafetensorsFile file = read_weights(path, [](const std::string& note) { spdlog::warn("note: {}", note); });
  load_weights(file, model);
  const std::string known = weights_info(file).background.value_or(background).name();
  if (known == background.name()) return;
  spdlog::warn("warning: [--init] expected weights of --background {}, as this run has, got {}, of --background {}",
               background.name(), path.string(), known);
}

}  // namespace revunet::tools
