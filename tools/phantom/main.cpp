// revunet-phantom writes seeded synthetic BraTS cases, for trying the tools without patients' data.
#include <array>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <vector>

#include "engine/cpu_threads.h"
#include "engine/error.h"
#include "io/files/folders.h"
#include "io/phantom/phantom.h"
#include "tools/common/option_table.h"
#include "tools/common/standard_streams.h"
#include "tools/common/tool_main.h"
#include "tools/common/verbosity.h"

namespace {

using namespace revunet;

struct Settings {
  std::filesystem::path out;
  int64_t cases = 1;
  io::VolumeSize size = {240, 240, 155};
  int64_t seed = 0;
};

tools::OptionTable options_of(Settings& s) {
  return tools::OptionTable({{"Options",
                              {{.name = "out",
                                .value = tools::path(s.out),
                                .help = "folder for the cases <out>/Phantom_001, Phantom_002, ...",
                                .required = true},
                               {.name = "cases",
                                .value = tools::whole_number(s.cases, 1, 9999),
                                .help = "number of cases; every fifth, from the fourth on, has no enhancing tumour"},
                               {.name = "size",
                                .value = tools::size(s.size),
                                .help = "voxels along x, y and z, of 1 mm each; the anatomy scales with them"},
                               {.name = "seed",
                                .value = tools::whole_number(s.seed, 0, std::numeric_limits<int64_t>::max()),
                                .help = "seed of the random numbers: another one gives other brains and tumours"},
                               tools::quiet_option()}}});
}

void run(const Settings& options) {
  const io::Size3 size = options.size;
  io::check_phantom_size(size);
  use_cpu_threads(chosen_cpu_threads(0));
  io::make_folder(options.out);
  for (int64_t index = 0; index < options.cases; ++index) {  // checked first, so that none is made in vain
    const std::filesystem::path place = options.out / io::phantom_name(index);
    REVUNET_EXPECTS(!std::filesystem::exists(place), DataError,
                    "[{}] expected no such case yet, got one; choose another --out or remove it", place.string());
  }
  for (int64_t index = 0; index < options.cases; ++index) {
    const std::string name = io::phantom_name(index);
    io::write_phantom(options.out, name, io::make_phantom(size, static_cast<uint64_t>(options.seed), index));
    if (tools::verbosity() != tools::Verbosity::quiet) tools::print_result("{}\n", (options.out / name).string());
  }
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  tools::OptionTable options = options_of(settings);
  const tools::Program program = {
      .name = "revunet-phantom",
      .description = "Writes synthetic BraTS cases: t1, t1ce, t2, flair and seg of a brain with a tumour.",
      .help = {.examples = {{"revunet-phantom --out PHANTOMS", "writes one case of BraTS's size, 240,240,155"},
                            {"revunet-phantom --out PHANTOMS --cases 20 --size 64,64,48",
                             "writes 20 small cases, on which a network trains within minutes"},
                            {"revunet-phantom --out PHANTOMS --cases 5 --seed 7",
                             "writes five other brains and tumours"}}},
      .options = &options,
      .run = [&] { run(settings); }};
  return tools::run_tool(program, argc, argv);
}
