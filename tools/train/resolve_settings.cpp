#include "tools/train/resolve_settings.h"

#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/cpu_threads.h"
#include "engine/device.h"
#include "engine/error.h"
#include "models/inference/weights_file.h"
#include "models/inference/weights_reader.h"
#include "models/networks.h"
#include "tools/train/protocol.h"
#include "tools/train/sample_choice.h"

namespace revunet::tools {

namespace {

void resolve_network(const OptionTable& options, TrainSettings& s) {
  TrainOptions& run = s.run;
  UNetConfig& n = run.network;
  if (n.channels.empty()) n.channels = default_config(n.kind).channels;
  n.halved = canonical(s.halve, n.levels());
  REVUNET_EXPECTS(
      network_of(n.kind).reversible_blocks || (n.encoder_depth == 1 && n.decoder_depth == 1), UsageError,
      "[--encoder-depth, --decoder-depth] expected 1 with the {}, which has no reversible blocks, got {} and {}; use "
      "--model {}",
      name_of(n.kind), n.encoder_depth, n.decoder_depth, reversible_network_names());
  check_config(n);
  REVUNET_EXPECTS(s.size, UsageError,
                  "[--size] expected a size in voxels, or auto in a new run with --data, whose cases decide it, got "
                  "auto; give a size such as 160,192,160, or begin a run with --data");
  run.size = *s.size;
  check_size(n, {run.size.begin(), run.size.end()});
  if (!run.patch) return;
  check_size(n, {run.patch->begin(), run.patch->end()});
  for (size_t i = 0; i < 3; ++i) {
    REVUNET_EXPECTS((*run.patch)[i] <= run.size[i], UsageError, "[--patch] expected a patch within --size {}, got {}",
                    options.text("size"), options.text("patch"));
  }
}

// Returns the mode of a run without a budget: what the choice leaves open is rebuilt where the network can rebuild it.
// The inputs of segments are not rebuilt.
MemoryMode mode_of(const ModeChoice& choice, bool reversible) {
  const Activations activations =
      choice.activations.value_or(reversible ? Activations::reversible : Activations::stored);
  const bool rebuilds_skips = reversible && activations != Activations::checkpointed;
  return {activations, choice.skips.value_or(rebuilds_skips ? Skips::reversible : Skips::stored),
          choice.finest.value_or(FinestLevel::whole)};
}

// Sets the modes that were chosen, and those of a run without a budget where nothing was.
void resolve_modes(const OptionTable& options, TrainSettings& s) {
  TrainOptions& run = s.run;
  const bool reversible = network_of(run.network.kind).reversible_blocks;
  const bool may_rebuild =
      reversible && s.modes.activations.value_or(Activations::reversible) == Activations::reversible;
  REVUNET_EXPECTS(
      run.monitor_reconstruction == 0 || may_rebuild, UsageError,
      "[--monitor-reconstruction] expected a network that rebuilds activations, got {} with {} activations; "
      "leave it out",
      name_of(run.network.kind), options.text("activations"));
  REVUNET_EXPECTS(reversible || s.modes.activations != Activations::reversible, UsageError,
                  "[--activations] expected auto, stored or checkpointed with the {}, which has no reversible blocks, "
                  "got reversible; use --model {}",
                  name_of(run.network.kind), reversible_network_names());
  REVUNET_EXPECTS(reversible || (!s.modes.skips && !s.modes.finest), UsageError,
                  "[--skips, --finest-level] expected auto with the {}, which has no reversible blocks, got {} and {}; "
                  "use --model {}",
                  name_of(run.network.kind), options.text("skips"), options.text("finest-level"),
                  reversible_network_names());
  if (run.monitor_reconstruction > 0) s.modes.activations = Activations::reversible;
  run.mode = mode_of(s.modes, reversible);
  check_mode(run.mode);
  run.optimiser_step = s.modes.optimiser_step.value_or(OptimiserStep::separate);
  check_extras(run.network, run.optimiser_step, run.extras);
}

void resolve_validation(TrainSettings& s) {
  TrainOptions& run = s.run;
  run.own_fields = run.own_fields && run.patch;
  REVUNET_EXPECTS(!run.own_fields || s.modes.validation != ValidationPass::whole, UsageError,
                  "[--validate-by] expected patches with --field case, got whole; use --field size, or leave one out");
  run.validate_by = validation_of(run, s.modes);
}

// Sets the modes that are open to the fastest within the budget.
void choose_modes(TrainSettings& s) {
  TrainOptions& run = s.run;
  if (!s.memory_budget) return;
  const MemorySettings asked = run.memory(), chosen = choose_within(asked, s.modes, *s.memory_budget);
  run.mode = chosen.mode;
  run.optimiser_step = chosen.optimiser_step;
  if (chosen.validation != asked.validation) run.validate_by = ValidationPass::patches;
}

// Makes config.toml name the modes, for runs that go on. A separate step, a finest level as a whole and stored
// activations of a network without reversible blocks stay open: a resumed run with a budget may choose again.
void keep_modes(TrainSettings& s) {
  const TrainOptions& run = s.run;
  if (network_of(run.network.kind).reversible_blocks) {
    s.modes.activations = run.mode.activations;
    s.modes.skips = run.mode.skips;
  } else if (run.mode.activations == Activations::checkpointed) {
    s.modes.activations = run.mode.activations;
  }
  if (run.optimiser_step == OptimiserStep::fused) s.modes.optimiser_step = OptimiserStep::fused;
  if (run.mode.finest == FinestLevel::slabs) s.modes.finest = FinestLevel::slabs;
  s.modes.validation = run.validate_by;
}

// Called before a run folder is made, because the trace may be in it.
void expect_folder_of(const std::filesystem::path& file, const std::filesystem::path& run) {
  namespace fs = std::filesystem;
  const auto folder_of = [](const fs::path& path) {
    return (fs::current_path() / path).lexically_normal().parent_path();
  };
  const fs::path folder = folder_of(file);
  std::error_code error;
  REVUNET_EXPECTS(fs::is_directory(folder, error) || (!run.empty() && folder == folder_of(run / "")), UsageError,
                  "[--memory-trace] expected a file in a folder that exists, or in --out, got {}", file.string());
}

void expect_traceable(const TrainSettings& s) {
  if (s.run.trace.path.empty()) return;
  REVUNET_EXPECTS(s.run.monitor_reconstruction == 0, UsageError,
                  "[--memory-trace] expected a run without --monitor-reconstruction, whose copies no plan has, got "
                  "--monitor-reconstruction {}; leave one of them out",
                  s.run.monitor_reconstruction);
  REVUNET_EXPECTS(
      !s.run.resume, UsageError,
      "[--memory-trace] expected a run from its beginning, as in plans, got --resume; leave one of them out");
  expect_folder_of(s.run.trace.path, s.run.out);
}

void resolve_run(OptionTable& options, TrainSettings& s) {
  TrainOptions& run = s.run;
  if (!s.resume.empty()) options.expect_undecided(s.resume.string());
  choose_device(s.device);
  resolve_network(options, s);
  resolve_split(s);
  check_operands(run.network, operands_of(run.precision));
  run.device = resolve(s.device, s.plan);
  resolve_modes(options, s);
  if (s.augment != Augmentation::none) check_augmentation(s.ranges);
  choose_samples(options, s);
  run.augmentation = s.augmentation();
  resolve_validation(s);
  options.expect_effect();  // some options need a patch
  choose_modes(s);
  choose_validate_every(options, s);
  check_schedule(run.learning_rate, run.epochs);
  if (!s.plan) keep_modes(s);  // a plan shows what the modes leave open
  expect_traceable(s);
  options.to_toml();  // refuses now what config.toml cannot hold
}

}  // namespace

void take_architecture(OptionTable& options, const std::filesystem::path& init, const io::TaskPointer& task) {
  const io::SafetensorsFile file = read_weights(init, [](const std::string&) {});  // the trainer logs the notes
  const UNetConfig stored = weights_info(file, task).config;
  // No tensor shows what steps halve, so weights of other programs have what is given. The usual steps go without
  // saying.
  std::vector<HalvedAxes> steps;
  const bool says_steps = file.metadata.contains("format") && (!stored.halved.empty() || options.given("halve"));
  for (size_t level = 0; says_steps && level + 1 < stored.levels(); ++level) steps.push_back(stored.halved_by(level));
  const std::array<std::pair<const char*, std::string>, 5> choices = {
      std::pair{"model", std::string(name_of(stored.kind))},
      {"channels", fmt::format("{}", fmt::join(stored.channels, ","))},
      {"halve", halved_text(steps)},
      {"encoder-depth", std::to_string(stored.encoder_depth)},
      {"decoder-depth", std::to_string(stored.decoder_depth)}};
  for (const auto& [option, of_weights] : choices) {
    if (of_weights.empty()) continue;
    options.take_default(option, of_weights);
    REVUNET_EXPECTS(
        options.text(option) == of_weights, DataError,
        "[--init] expected weights of --{0} {1}, as given, got {2}, of --{0} {3}; leave --{0} out, or choose "
        "other weights",
        option, options.text(option), init.string(), of_weights);
  }
}

void resolve_split(TrainSettings& s) {
  SplitOptions& split = s.run.split;
  REVUNET_EXPECTS(split.folds == 0 || (split.folds >= 2 && split.fold < split.folds), UsageError,
                  "[--folds, --fold] expected at least 2 folds and one of them, from 0, got {} and {}", split.folds,
                  split.fold);
  REVUNET_EXPECTS(split.folds == 0 || split.file.empty(), UsageError,
                  "[--folds, --split] expected one of them, got both; leave one out");
  split.seed = s.run.seed;
  split.patients = patients_of_option(s.patients);
  expect_validation(s.run.stopping, s.run.validates());
}

void expect_data_and_out(TrainSettings& s) {
  TrainOptions& run = s.run;
  run.resume = !s.resume.empty();
  if (run.resume) run.out = s.resume;
  for (const auto& [option, value] : {std::pair{"--data", &s.data.path}, {"--out", &run.out}}) {
    REVUNET_EXPECTS(s.plan || !value->empty(), UsageError, "{} is required; run revunet-train --help for the options",
                    option);
  }
}

void resolve_threads(TrainSettings& s) {
  s.run.threads = chosen_cpu_threads(s.run.threads);
  // The plan's workspaces are those of this number of threads. A plan alone starts none of them.
  prepare_cpu(s.device, s.run.threads, s.plan);
}

void read_configuration(OptionTable& options, const TrainSettings& s) {
  const std::filesystem::path own = s.resume / "config.toml";
  std::error_code error;
  REVUNET_EXPECTS(s.resume.empty() || !s.config.empty() || std::filesystem::exists(own, error), UsageError,
                  "[--resume] expected the folder of an earlier run, which has config.toml, got {}", s.resume.string());
  const std::filesystem::path file = !s.config.empty() ? s.config : s.resume.empty() ? s.resume : own;
  if (!file.empty()) options.take(io::read_toml_settings(file), file.string());
  take_protocol(options, s.protocol);
}

void resolve(OptionTable& options, TrainSettings& settings) try {
  resolve_run(options, settings);
} catch (const UsageError& e) {
  throw UsageError(options.with_lines(e.what()));
}

}  // namespace revunet::tools
