#include "tools/train/protocol.h"

namespace revunet::tools {

std::vector<std::string> protocol_names() {
  return {"none", "paper", "paper-patch"};
}

std::vector<ProtocolValue> protocol_values(const std::string& name) {
  if (name == "none") return {};
  const bool patches = name == "paper-patch";
  std::vector<ProtocolValue> values = {{"size", "160,192,160"},
                                       {"patch", patches ? "128,128,128" : "full"},
                                       {"epochs", "1000"},
                                       {"lr", "1e-4"},
                                       {"lr-drops", "250,400,550"},
                                       {"lr-divisor", "5"},
                                       {"weight-decay", "1e-5"},
                                       {"accumulate", "1"},
                                       {"cross-entropy", "0"},
                                       {"stop-window", "30"},
                                       {"stop-patience", "60"},
                                       {"val-fraction", "0.2"},
                                       {"augment", "paper"},
                                       {"rotation", "20"},
                                       {"scaling", "0.9090909,1.1"},
                                       {"deformation", "10"},
                                       {"flip", "0.5"},
                                       {"intensity-shift", "0.1"}};
  if (patches) values.push_back({"foreground", "0"});
  return values;
}

void apply_protocol(CLI::App& app, const std::string& name) {
  for (const auto& [option, value] : protocol_values(name)) {
    CLI::Option& o = *app.get_option("--" + option);
    if (o.count() > 0) continue;
    o.add_result(value);
    o.run_callback();
  }
}

}  // namespace revunet::tools
