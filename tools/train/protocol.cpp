#include "tools/train/protocol.h"

namespace revunet::tools {

std::vector<std::string> protocol_names() {
  return {"none", "paper", "paper-patch"};
}

std::vector<ProtocolValue> protocol_values(const std::string& name) {
  if (name == "none") return {};
  return {{"size", "160,192,160"},     {"patch", name == "paper-patch" ? "128,128,128" : "full"},
          {"epochs", "1000"},          {"lr", "1e-4"},
          {"lr-drops", "250,400,550"}, {"lr-divisor", "5"},
          {"weight-decay", "1e-5"},    {"accumulate", "1"},
          {"cross-entropy", "0"},      {"stop-window", "30"},
          {"stop-patience", "60"},     {"val-fraction", "0.2"},
          {"augment", "paper"}};
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
