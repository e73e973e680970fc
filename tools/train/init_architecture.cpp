#include "tools/train/init_architecture.h"

#include <fmt/ranges.h>

#include <array>

#include "engine/error.h"
#include "io/text/parse_list.h"
#include "models/inference/weights_file.h"
#include "models/inference/weights_reader.h"

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
             !a.channels.empty() && io::parse_list(a.channels, "--channels") == stored.channels},
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

}  // namespace revunet::tools
