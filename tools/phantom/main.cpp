// revunet-phantom: writes seeded synthetic BraTS cases, for trying the tools without patients' data.
#include <array>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <vector>

#include "engine/error.h"
#include "io/files/folders.h"
#include "io/phantom/phantom.h"
#include "tools/common/cpu_threads.h"
#include "tools/common/help.h"
#include "tools/common/standard_streams.h"
#include "tools/common/tool_main.h"
#include "tools/common/verbosity.h"

namespace {

struct Options {
  std::filesystem::path out;
  int64_t cases = 1;
  std::vector<int64_t> size = {240, 240, 155};
  int64_t seed = 0;
};

void run(const Options& options) {
  using namespace revunet;
  const std::array<int64_t, 3> size = {options.size[0], options.size[1], options.size[2]};
  io::check_phantom_size(size);
  tools::use_cpu_threads(tools::threads_of_option(0));
  io::make_folder(options.out);
  for (int64_t index = 0; index < options.cases; ++index) {  // before the first is made, so that none is in vain
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
  CLI::App app("Writes synthetic BraTS cases: t1, t1ce, t2, flair and seg of a brain with a tumour.",
               "revunet-phantom");
  Options options;
  app.add_option("--out", options.out, "folder for the cases <out>/Phantom_001, Phantom_002, ...")->required();
  app.add_option("--cases", options.cases, "number of cases; every fifth, from the fourth on, has no enhancing tumour")
      ->check(CLI::Range(int64_t{1}, int64_t{9999}))
      ->capture_default_str();
  app.add_option("--size", options.size, "voxels along x,y,z, of 1 mm each; the anatomy scales with them")
      ->delimiter(',')
      ->expected(3)
      ->capture_default_str();
  app.add_option("--seed", options.seed, "seed of the random numbers: another one gives other brains and tumours")
      ->check(CLI::Range(int64_t{0}, std::numeric_limits<int64_t>::max()))
      ->capture_default_str();
  revunet::tools::add_quiet_option(app);
  revunet::tools::set_help(
      app, {.examples = {{"revunet-phantom --out PHANTOMS", "writes one case of BraTS's size, 240,240,155"},
                         {"revunet-phantom --out PHANTOMS --cases 20 --size 64,64,48",
                          "writes 20 small cases, on which a network trains within minutes"},
                         {"revunet-phantom --out PHANTOMS --cases 5 --seed 7", "writes five other brains and tumours"}},
            .most_used = {}});
  return revunet::tools::run_tool(app, argc, argv, [&] { run(options); });
}
