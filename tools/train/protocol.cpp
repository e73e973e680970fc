#include "tools/train/protocol.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tools/common/option_spelling.h"
#include "tools/train/shipped_protocols.h"

namespace revunet::tools {

namespace {

std::vector<std::string> names() {
  std::vector<std::string> result = {"none"};
  for (const Protocol& p : kShippedProtocols) result.emplace_back(p.name);
  return result;
}

}  // namespace

std::string protocol_names() {
  return fmt::format("{}", fmt::join(names(), ", "));
}

void take_protocol(OptionTable& options, const std::string& protocol) {
  if (protocol.ends_with(".toml")) return options.take(io::read_toml_settings(protocol), protocol);
  expect_one_of(names(), "--protocol", protocol);
  for (const Protocol& p : kShippedProtocols) {
    const std::string source = fmt::format("the protocol {}", p.name);
    if (p.name == protocol) options.take(io::parse_toml_settings(p.toml, source), source);
  }
}

}  // namespace revunet::tools
