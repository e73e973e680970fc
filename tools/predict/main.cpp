// revunet-predict segments a dataset's cases by a trained network.
#include <memory>
#include <optional>
#include <set>

#include <nlohmann/json.hpp>

#include "engine/cpu_threads.h"
#include "engine/distributed/agreement.h"
#include "engine/process/interruption.h"
#include "io/files/folders.h"
#include "io/text/parse_axes.h"
#include "models/device/process_device.h"
#include "tools/common/progress_line.h"
#include "tools/common/run_processes.h"
#include "tools/common/standard_streams.h"
#include "tools/common/tool_main.h"
#include "tools/predict/case_loop.h"
#include "tools/predict/predict_settings.h"

using namespace revunet;
using namespace revunet::tools;

namespace {

void print_note(const std::string& note) {
  print_message("revunet-predict: note: {}\n", note);
}

void print_warning(const std::string& warning) {
  print_message("revunet-predict: warning: {}\n", warning);
}

// The first process of several says it.
void print_nothing(const std::string&) {}

// Returns the networks' task. Files are named as --task says, where it is given.
io::TaskPointer task_of(const PredictSettings& options) {
  const std::optional<io::TaskFile> file = read_task(options.task, options.labels);
  const io::TaskPointer task = task_of_weights(options.weights);
  if (!file) return task;
  REVUNET_EXPECTS(io::same_task(*task, *file->task), DataError,
                  "[--task] expected the task of the weights, {}, got {}; give a file of that task",
                  io::describe(*task), io::describe(*file->task));
  io::Task::Rules rules = task->rules();
  rules.files = file->task->rules().files;
  return io::with_rules(*task, std::move(rules));
}

SelectionOptions selection_options(const PredictSettings& options, bool leads) {
  REVUNET_EXPECTS(
      options.data.empty() == options.loose.any(), UsageError,
      "[--data] expected a dataset, or a case's files by --t1, --t1ce, --t2 and --flair, got {}; give one of the two",
      options.loose.any() ? "both" : "neither");
  REVUNET_EXPECTS(options.loose.any() || options.loose.name.empty(), UsageError,
                  "[--name] expected a case's files by --t1, --t1ce, --t2 and --flair, got --data, whose cases have "
                  "names; leave it out");
  const io::TaskPointer task = task_of(options);
  const bool brats = io::brats_task_of(*task) != nullptr;
  REVUNET_EXPECTS(brats || !options.loose.any(), UsageError,
                  "[--t1, --t1ce, --t2, --flair] expected --data for weights of the task {}, got files of BraTS's "
                  "modalities; put the images into a folder and give --data",
                  io::describe(*task));
  REVUNET_EXPECTS(brats || !options.labels, UsageError,
                  "[--labels] expected none for weights of the task {}, which has its own labels, got {}; leave it out",
                  io::describe(*task), options.labels ? options.labels->name() : "");
  return {.data = options.data,
          .out = options.out,
          .loose = options.loose,
          .task = task,
          .labels = options.labels,
          .missing = options.missing_modality,
          .check = options.check,
          .probabilities = options.probabilities,
          .overlay = options.overlay,
          .skip_existing = options.skip_existing,
          .skip_bad = options.skip_bad,
          .on_note = leads ? print_note : print_nothing,
          .on_warning = leads ? print_warning : print_nothing};
}

FieldOfView field_of_view(const PredictSettings& options, const Ensemble& ensemble) {
  std::vector<TrainedNetwork> networks;
  for (size_t i = 0; i < options.weights.size(); ++i) {
    networks.push_back({options.weights[i], ensemble.members()[i].info});
  }
  return field_of_view(options.view, networks);
}

// Says what is done to which cases, before the first of them.
void announce(const PredictSettings& options, const Ensemble& ensemble, const FieldOfView& view,
              const Selection& selection, const std::string& device) {
  for (const Ensemble::Member& m : ensemble.members()) {
    say(fmt::format("{} network, channels {}{}, {} parameters", name_of(m.info.config.kind),
                    fmt::join(m.info.config.channels, ","), describe_halved(m.info.config),
                    m.network->parameter_count()));
  }
  std::set<std::string> labels;
  for (const io::CaseFiles& c : selection.cases) labels.insert(c.labels.name());
  say(fmt::format(
      "{}; {} cases, labels of {}; {}, {}{}", view.description, selection.cases.size(), fmt::join(labels, " and "),
      name_of(options.precision), device,
      options.mirror == MirrorAxes{} ? "" : fmt::format("; mirrored along {}", io::text_of_axes(options.mirror))));
}

void announce_skipped(const Selection& selection) {
  const size_t count = selection.count;
  if (!selection.existing.empty()) {
    say(fmt::format("{} of {} cases are predicted already and left as they are", selection.existing.size(), count));
  }
  for (const std::string& damage : selection.damaged) {
    print_warning(damage + "; it is predicted again");
  }
}

void warn_of_bad(const Selection& selection) {
  if (selection.bad.empty()) return;
  print_warning(fmt::format("{} of {} cases cannot be predicted:{}", selection.bad.size(), selection.count,
                            list_of(selection.bad)));
}

// The first process checks the cases, and the others take its findings.
void check_by_first(Communicator& processes, const SelectionOptions& which, Selection& selection) {
  agree_on_first(&processes, [&] { check_selection(selection, which, progress_on_terminal()); });
  if (processes.size() == 1) return;
  nlohmann::json own = nlohmann::json::array();
  for (const BadCase& bad : selection.bad) own.push_back({bad.name, bad.reason});
  const std::string first =
      processes.gather(own.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)).front();
  selection.bad.clear();
  for (const auto& bad : nlohmann::json::parse(first)) selection.bad.push_back({bad[0], bad[1]});
  leave_out_bad(selection);
}

// Files of others may be read late on a disk that machines share.
void expect_same_cases(Communicator& processes, const Selection& selection) {
  if (processes.size() == 1) return;
  std::string names;
  for (const io::CaseFiles& c : selection.cases) names += c.name + "\n";
  const std::string first = processes.gather(names).front();
  agree(&processes, [&] {
    REVUNET_EXPECTS(names == first, DataError,
                    "[--data, --out] expected the cases to predict that the first process finds, got others; all "
                    "processes need the same disks");
  });
}

void predict_selected(Communicator& processes, const PredictSettings& options, const DeviceOptions& device_options,
                      const SelectionOptions& which, Selection& selection) {
  const bool leads = processes.rank() == 0;
  std::optional<ComputeDevice> device;
  std::optional<Ensemble> ensemble;
  FieldOfView view;
  agree(&processes, [&] {
    device.emplace(device_options);
    ensemble.emplace(Context{device->get()}, options.weights, options.precision, options.mirror,
                     leads ? print_note : print_nothing);
    view = field_of_view(options, *ensemble);
    for (io::CaseFiles& c : selection.cases) c.background = view.background;
  });
  check_by_first(processes, which, selection);
  if (leads) warn_of_bad(selection);
  agree(&processes, [&] { io::make_folder(options.out); });
  if (leads) announce(options, *ensemble, view, selection, device->description());
  watch_for_interruption(leads ? "this pass" : nullptr);
  const PredictionOptions how = {
      .size = view.size,
      .windows = view.windows,
      .filter = {.keep = options.keep_components, .min_volume = options.min_component_volume}};
  const int64_t done = CaseLoop(processes, *ensemble, *device, how, options.skip_bad).run(selection);
  if (leads) print_result("done: {} predictions in {}\n", done, options.out.string());
}

void predict(Communicator& processes, PredictSettings options) {
  const bool leads = processes.rank() == 0;
  agree(&processes, [&] { expect_processes(processes, options.processes); });
  if (processes.size() > 1) options.device.device = device_of_process(processes, options.device.device);
  const int threads = threads_of_process(processes, options.threads);
  DeviceOptions device_options;
  SelectionOptions which;
  Selection selection;
  agree(&processes, [&] {
    prepare_cpu(options.device, threads);
    device_options = resolve(options.device);
    which = selection_options(options, leads);
    selection = select_cases(which);
  });
  expect_same_cases(processes, selection);
  if (leads) announce_skipped(selection);
  if (!selection.cases.empty()) predict_selected(processes, options, device_options, which, selection);
  agree(&processes, [&] {
    REVUNET_EXPECTS(selection.bad.empty(), Error, "{} of {} cases cannot be predicted:{}", selection.bad.size(),
                    selection.count, list_of(selection.bad));
  });
}

}  // namespace

int main(int argc, char** argv) {
  PredictSettings settings;
  OptionTable options = predict_options(settings);
  const std::string start = "revunet-predict --weights RUN/best.safetensors ";
  const Program program = {
      .name = "revunet-predict",
      .description = "Segments a dataset's cases, or one BraTS case, with a trained network.",
      .help = {.examples = {{start + "--data DATASET --out PREDICTIONS", "segments every case of a dataset"},
                            {start + "--data DATASET/CASE --out PREDICTIONS --overlay",
                             "segments one case, and draws its regions over its images"},
                            {start + "--data DATASET --out PREDICTIONS --mirror x,y,z",
                             "also predicts mirror images and takes the mean: better scores, in eight times the "
                             "time"}},
               .most_used = {"--weights", "--data", "--out", "--overlay", "--mirror", "--patch", "--device",
                             "--precision", "--processes"},
               .details = "Each <out>/<case>.nii.gz lies on the case's own grid, and has the labels that the dataset's "
                          "segmentations have (--labels). revunet-evaluate --prediction <out> scores them."},
      .options = &options,
      .run = [&] {
        const std::unique_ptr<Communicator> processes = join_or_launch(settings.processes, argv);
        run_together(*processes, [&] { predict(*processes, settings); });
      }};
  return run_tool(program, argc, argv);
}
