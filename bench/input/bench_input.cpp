// bench-input measures what a sample costs on its way from a case's files to the device: time, bytes of host memory
// that are made, and bytes that cross to the device.
//
// Rule: host memory is what C++ objects ask of operator new, which this program replaces. Tensors, zlib's buffers and
// mapped files are not in it.
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <new>

#include "bench/common/command_line.h"
#include "bench/common/run_description.h"
#include "bench/common/table.h"
#include "engine/process/cpu_limits.h"
#include "io/dataset/dataset.h"
#include "io/files/folders.h"
#include "io/phantom/phantom.h"
#include "models/training/samples/case_loader.h"
#include "models/training/samples/samples.h"

namespace {

std::atomic<int64_t> host_bytes{0};  // asked for since the start of the program

void* counted(std::size_t size) {
  host_bytes += static_cast<int64_t>(size);
  if (void* place = std::malloc(size)) return place;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t size) {
  return counted(size);
}
void* operator new[](std::size_t size) {
  return counted(size);
}
void operator delete(void* place) noexcept {
  std::free(place);
}
void operator delete[](void* place) noexcept {
  std::free(place);
}
void operator delete(void* place, std::size_t) noexcept {
  std::free(place);
}
void operator delete[](void* place, std::size_t) noexcept {
  std::free(place);
}

namespace revunet::bench {

namespace {

struct Options {
  int threads = available_cpu_threads();
  int repetitions = 7;
  std::string size = "160,192,160", volume = "240,240,155", folder, json;
  Precision precision = Precision::fp32;
  DeviceOptions device = device_of("auto");
};

// A Stage is a part of the way.
struct Stage {
  std::string name;
  int64_t made = 0;          // bytes of host memory
  int64_t crossed = 0;       // bytes that the host gives to the device
  std::vector<double> runs;  // seconds
};

// Times work() in several runs. work() returns how many bytes crossed to the device.
template <class Work>
Stage measured(const std::string& name, int repetitions, Work work) {
  Stage stage{name, 0, 0, {}};
  stage.runs.reserve(static_cast<size_t>(repetitions));  // the list itself is not counted
  for (int i = 0; i < repetitions; ++i) {
    const int64_t before = host_bytes;
    stage.runs.push_back(cost_of([&] { stage.crossed = work(); }).seconds);
    stage.made = host_bytes - before;  // the first run may also fill caches
  }
  return stage;
}

// Makes the case where the folder does not have it yet.
io::CaseFiles phantom_in(const std::filesystem::path& folder, const io::Size3& size) {
  const std::string name = io::phantom_name(0);
  io::make_folder(folder);
  if (!std::filesystem::exists(folder / name)) io::write_phantom(folder, name, io::make_phantom(size, 0, 0));
  return io::find_cases(folder).at(0);
}

int64_t bytes_of(const HostSample& sample) {
  return static_cast<int64_t>(sample.image.size_bytes() + sample.labels.size_bytes());
}

std::vector<Stage> stages_of(const Options& options, Device& device) {
  const io::Size3 size = io::parse_size(options.size, "--size");
  const std::filesystem::path folder = std::filesystem::path(options.folder) / options.volume;  // one folder per volume
  const io::CaseFiles files = phantom_in(folder / "data", io::parse_size(options.volume, "--volume"));
  const io::CaseCache cache(folder / "cache", [](const std::string&) {});
  cache.load(files);
  const auto loaded = [&](const io::CaseCache* from) { return CaseLoader({files}, size, from).get(0); };
  const SharedCase c = loaded(&cache);
  const UNetConfig network = default_config(ModelKind::reversible);
  const auto to_device_of = [&](const Sample& sample) {
    DeviceSample seen = to_device({device}, sample.voxels, network, activation_type(options.precision));
    device.memory().synchronize();
    return bytes_of(sample.voxels);
  };
  const Sample whole = whole_sample(c), augmented = augmented_sample(c, {}, {.size = size, .foreground = 0.5}, Rng(1));
  const io::Size3 patch = {size[0] / 2, size[1] / 2, size[2] / 2};
  const int n = options.repetitions;
  return {measured("case from NIfTI files", n, [&] { return loaded(nullptr), 0; }),
          measured("case from the cache", n, [&] { return loaded(&cache), 0; }),
          measured("sample, whole", n, [&] { return whole_sample(c), 0; }),
          measured("sample, augmented", n,
                   [&] { return augmented_sample(c, {}, {.size = size, .foreground = 0.5}, Rng(1)), 0; }),
          measured("sample, patch of half the size", n,
                   [&] { return random_patch(*c, {.size = patch, .foreground = 0.5}, Rng(1)), 0; }),
          measured("to the device, whole", n, [&] { return to_device_of(whole); }),
          measured("to the device, augmented", n, [&] { return to_device_of(augmented); })};
}

void run(const Options& options, Json json) {
  REVUNET_EXPECTS(!options.folder.empty(), UsageError, "[bench-input] expected --folder, where data and cache may lie");
  set_cpu_threads(options.threads);
  ComputeDevice compute(options.device);
  const std::vector<Stage> stages = stages_of(options, compute.get());
  const auto mib = [](int64_t bytes) { return fmt::format("{:.1f}", static_cast<double>(bytes) / 0x1p20); };
  Table table({"stage", "ms", "min", "max", "host MiB made", "MiB to the device"});
  json["threads"] = options.threads;
  json["device"] = compute.description();
  json["size"] = options.size;
  json["volume"] = options.volume;
  json["precision"] = name_of(options.precision);
  json["repetitions"] = options.repetitions;
  json["input_bytes_at_peak"] =
      compute.get().allocator().stats().peak_by_tag[static_cast<size_t>(Tag::input)];  // on the device
  json["stages"] = Json::array();
  for (const Stage& stage : stages) {
    const Summary seconds = summarise(stage.runs);
    const auto ms = [](double s) { return fmt::format("{:.2f}", 1e3 * s); };
    table.add_row({stage.name, ms(seconds.median), ms(seconds.minimum), ms(seconds.maximum), mib(stage.made),
                   mib(stage.crossed)});
    json["stages"].push_back({{"stage", stage.name},
                              {"seconds", to_json(seconds)},
                              {"host_bytes_made", stage.made},
                              {"bytes_to_the_device", stage.crossed}});
  }
  fmt::print("{}\npeak of the input on the device: {} MiB\n", table.to_string(),
             mib(json["input_bytes_at_peak"].get<int64_t>()));
  if (!options.json.empty()) write_json(options.json, json);
}

}  // namespace

}  // namespace revunet::bench

int main(int argc, char** argv) {
  using namespace revunet;
  bench::Options options;
  std::vector<bench::Argument> arguments = bench::machine_arguments(options.precision, options.device);
  arguments.push_back(bench::text("folder", options.folder, "folder for the phantom and its cache, which are kept"));
  arguments.push_back(bench::count("threads", options.threads, "threads of the kernels"));
  arguments.push_back(bench::text("size", options.size, "X,Y,Z of the field of view [160,192,160]"));
  arguments.push_back(bench::text("volume", options.volume, "X,Y,Z of the phantom's images [240,240,155]"));
  arguments.push_back(bench::count("repetitions", options.repetitions, "timed runs per stage [7]"));
  arguments.push_back(bench::text("json", options.json, "write the results to this file too"));
  return bench::run_benchmark(
      argc, argv,
      "Times a sample's way from a case's files to the device, and counts the bytes that it makes and moves.",
      arguments, [&] { bench::run(options, bench::describe_run(argc, argv)); });
}
