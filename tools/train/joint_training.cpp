#include "tools/train/joint_training.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "engine/cpu_instructions.h"
#include "engine/distributed/agreement.h"
#include "engine/process/interruption.h"
#include "models/device/process_device.h"
#include "tools/common/run_processes.h"
#include "tools/train/choose_run.h"
#include "tools/train/resolve_settings.h"
#include "tools/train/training_run.h"

namespace revunet::tools {

namespace {

// A MachineShare is what each process of a run has of its machine.
struct MachineShare {
  int threads;
  std::string device;
};

MachineShare share_of(const TrainSettings& settings) {
  return {settings.run.threads, settings.device.device};
}
void take_share(TrainSettings& settings, const MachineShare& share) {
  settings.run.threads = share.threads;
  settings.device.device = share.device;
}

MachineShare share_of_process(Communicator& processes, const MachineShare& given) {
  const MachineShare own = {threads_of_process(processes, given.threads), device_of_process(processes, given.device)};
  agree(&processes, [&] {
    if (device_of(own.device).kind == DeviceKind::cuda) expect_sums_on_cuda();
  });
  return own;
}

// Other instructions have other bits, and all processes must have the same weights.
void expect_same_instructions(Communicator& processes) {
  const std::vector<std::string> names = processes.gather(name_of(cpu_instructions()));
  agree(&processes, [&] {
    REVUNET_EXPECTS(std::ranges::all_of(names, [&](const std::string& name) { return name == names.front(); }),
                    UsageError,
                    "[--cpu-instructions] expected the same for all processes, got {}; give the smallest of them",
                    fmt::join(names, ", "));
  });
}

// The configuration leaves open what follows from a process's place among the others, as the user does. It says whether
// the run is on CUDA devices, so that no process goes on with it elsewhere.
std::string configuration_of(const OptionTable& options, TrainSettings& settings, const MachineShare& given) {
  const MachineShare own = share_of(settings);
  take_share(settings, {given.threads, given.device != "auto"                         ? given.device
                                       : settings.run.device.kind == DeviceKind::cuda ? "cuda"
                                                                                      : "cpu"});
  std::string text = options.to_toml();
  take_share(settings, own);
  return text;
}

// An Invitation is what the first process tells the others once it has made the run's folder.
struct Invitation {
  std::filesystem::path folder;  // as it was given: all processes are in the same folder, as their launcher starts them
  std::string config, split;     // files in the folder
  RegionCounts validation_regions;
};

// Returns that of the first process, of which it alone passes its run.
Invitation invitation_to(Communicator& processes, const TrainSettings& settings, const TrainingRun* run,
                         const std::string& configuration) {
  nlohmann::json own;
  if (run) {
    own = {{"config", configuration},
           {"split", to_json(run->split())},
           {"validation_regions", run->split().validation_regions}};
  }
  // A path may have any bytes, which JSON has not.
  const std::string folder = run ? settings.run.out.string() : "";
  const std::string first_folder = processes.gather(folder).front();
  const nlohmann::json first = nlohmann::json::parse(processes.gather(own.dump()).front());
  return {first_folder, first["config"], first["split"], first["validation_regions"]};
}

}  // namespace

void train_together(Communicator& processes, OptionTable& options, TrainSettings& settings,
                    const std::vector<std::string>& command_line) {
  const bool leads = processes.rank() == 0;
  TrainSettings of_folder;
  OptionTable options_of_folder = train_options(of_folder);
  std::optional<TrainingRun> run;
  run_together(processes, [&] {
    agree(&processes, [&] {
      expect_processes(processes, settings.processes);
      read_configuration(options, settings);
    });
    const MachineShare given = share_of(settings);
    if (processes.size() > 1) {
      settings.run.processes = of_folder.run.processes = &processes;
      take_share(settings, share_of_process(processes, given));
    }
    const MachineShare own = share_of(settings);
    if (!leads) watch_for_interruption(nullptr);  // the first process watches once it has looked at the cases
    std::string configuration;
    agree_on_first(&processes, [&] {
      choose_run(options, settings);
      expect_room(options, settings);
      configuration = processes.size() > 1 ? configuration_of(options, settings, given) : options.to_toml();
      run.emplace(settings, configuration, command_line);
    });
    if (processes.size() > 1) {
      const Invitation invitation = invitation_to(processes, settings, run ? &*run : nullptr, configuration);
      agree(&processes, [&] {
        if (leads) return;
        wait_for_file(invitation.folder / "config.toml", invitation.config);
        wait_for_file(invitation.folder / "split.json", invitation.split);
        of_folder.resume = invitation.folder;
        read_configuration(options_of_folder, of_folder);
        take_share(of_folder, own);
        choose_run(options_of_folder, of_folder);
        run.emplace(of_folder, invitation.validation_regions);
      });
      if (device_of(own.device).kind == DeviceKind::cpu) expect_same_instructions(processes);
    }
    run->train();
  });
}

}  // namespace revunet::tools
