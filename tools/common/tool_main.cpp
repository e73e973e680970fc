#include "tools/common/tool_main.h"

#include "engine/error.h"
#include "tools/common/interruption.h"

namespace revunet::tools {

std::string version() {
  return REVUNET_VERSION;
}

int run_tool(CLI::App& app, int argc, char** argv, const std::function<void()>& body) {
  app.set_version_flag("--version", app.get_name() + " " + version(), "show the version and end");
  const auto report = [&](const std::exception& e, ExitCode code) {
    fmt::print(stderr, "{}: error: {}\n", app.get_name(), e.what());
    return code;
  };
  try {
    app.parse(argc, argv);
    body();
    return exit_done;
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);  // --help, --version
    fmt::print(stderr, "{}: error: {}; run {} --help for the options\n", app.get_name(), e.what(), app.get_name());
    return exit_bad_usage;
  } catch (const UsageError& e) {
    return report(e, exit_bad_usage);
  } catch (const DataError& e) {
    return report(e, exit_bad_data);
  } catch (const Interrupted& e) {
    return report(e, exit_interrupted);
  } catch (const std::exception& e) {
    return report(e, exit_failed_run);
  }
}

}  // namespace revunet::tools
