#include "models/inference/weights_reader.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>

#include <fmt/ranges.h>

#include "engine/error.h"
#include "io/files/input_file.h"
#include "io/text/printable.h"

namespace revunet {

namespace {

constexpr std::string_view kLastWeight = "lastConv.weight";  // both networks have this name, and have it once

// Only wrappers of a network add these parts of names: DataParallel and AveragedModel, torch.compile, FSDP, activation
// checkpoints, Lightning's strategies.
constexpr std::array<std::string_view, 5> kWrapperParts = {"module.", "_orig_mod.", "_fsdp_wrapped_module.",
                                                           "_checkpoint_wrapped_module.", "_forward_module."};

// Returns a string literal of Python.
std::string python_text(const std::string& text) {
  std::string literal = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') literal += '\\';
    literal += c;
  }
  return literal + "\"";
}

// Recognises what torch.save writes: a zip archive, or before PyTorch 1.6 a pickle, whose first bytes are its protocol.
// A safetensors file may begin with the same two bytes, as part of its header's length, but has a brace after that.
bool is_pytorch_file(const std::filesystem::path& path) {
  std::array<char, 9> start{};
  io::InputFile file(path);
  file.read(start.data(), start.size());
  const std::string_view bytes(start.data(), start.size());
  return bytes.starts_with("PK\3\4") || (bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= 5 && bytes[8] != '{');
}

void expect_no_pytorch_file(const std::filesystem::path& path) {
  if (!is_pytorch_file(path)) return;
  throw DataError(fmt::format(
      "[{}] expected a safetensors file, got one that torch.save wrote; convert it with these lines of Python:\n"
      "    import torch, safetensors.torch\n"
      "    w = torch.load({}, map_location=\"cpu\", weights_only=True)\n"
      "    for key in (\"state_dict\", \"model_state_dict\", \"model\"): w = w.get(key, w)\n"
      "    w = {{k: v.clone().contiguous() for k, v in w.items() if torch.is_tensor(v)}}\n"
      "    safetensors.torch.save_file(w, {})",
      path.string(), python_text(path.string()),
      python_text(std::filesystem::path(path).replace_extension(".safetensors").string())));
}

// Removes every occurrence of a part from a dotted name. Returns whether there was one.
bool drop_part(std::string& name, std::string_view part) {
  bool dropped = false;
  for (size_t at = 0; (at = name.find(part, at)) != name.npos;) {
    if (at > 0 && name[at - 1] != '.') {
      at += part.size();
      continue;
    }
    name.erase(at, part.size());
    dropped = true;
  }
  return dropped;
}

// A Spelling says how the names of a file become those of the bare network.
class Spelling {
 public:
  explicit Spelling(const io::SafetensorsFile& file) {
    for (const auto& entry : file.entries()) names_.emplace(entry.name, without_wrappers(entry.name));
    drop_front(file.origin());
    expect_distinct(file.origin());
  }

  const std::string& name_of(const std::string& stored) const { return names_.at(stored); }

  // Returns an empty text where all names are as they should be.
  std::string note() const {
    if (dropped_.empty()) return {};
    const auto changed = std::ranges::count_if(names_, [](const auto& n) { return n.first != n.second; });
    return fmt::format("the names of {} of {} tensors are read without '{}'", changed, names_.size(),
                       io::excerpt(fmt::format("{}", fmt::join(dropped_, "' and '"))));
  }

 private:
  std::string without_wrappers(std::string name) {
    for (const std::string_view part : kWrapperParts) {
      if (drop_part(name, part)) dropped_.insert(std::string(part));
    }
    return name;
  }

  void drop_front(const std::string& origin) {
    std::set<std::string> fronts;
    for (const auto& [stored, name] : names_) {
      if (name.ends_with(kLastWeight)) fronts.insert(name.substr(0, name.size() - kLastWeight.size()));
    }
    REVUNET_EXPECTS(fronts.size() <= 1, DataError,
                    "[{}] expected the weights of one network, got {} with '{}' in front of their names; write a file "
                    "of one of them",
                    origin, fronts.size(), io::excerpt(fmt::format("{}", fmt::join(fronts, "', '"))));
    if (fronts.empty() || fronts.begin()->empty()) return;
    const std::string& front = *fronts.begin();
    for (auto& [stored, name] : names_) {
      if (name.starts_with(front)) name.erase(0, front.size());
    }
    dropped_.insert(front);
  }

  void expect_distinct(const std::string& origin) const {
    std::map<std::string, std::string> first;
    for (const auto& [stored, name] : names_) {
      const auto [known, added] = first.try_emplace(name, stored);
      REVUNET_EXPECTS(added, DataError, "[{}] expected one tensor for {}, got {} and {}; remove one of them", origin,
                      io::excerpt(name), io::excerpt(known->second), io::excerpt(stored));
    }
  }

  std::map<std::string, std::string> names_;  // as stored -> in the bare network
  std::set<std::string> dropped_;
};

// Returns whether a parameter could have this name, which counters never have.
bool is_name_of_parameter(const std::string& name) {
  return name.ends_with(".weight") || name.ends_with(".bias");
}

}  // namespace

io::SafetensorsFile read_weights(const std::filesystem::path& path,
                                 const std::function<void(const std::string&)>& on_note) {
  expect_no_pytorch_file(path);
  io::SafetensorsFile file = io::read_safetensors(path, io::Counters::left_out);
  for (const std::string& name : file.counters()) {
    REVUNET_EXPECTS(!is_name_of_parameter(name), DataError,
                    "[{}] expected {} of floating-point numbers, got a whole number; write the file again",
                    file.origin(), io::excerpt(name));
  }
  if (!file.counters().empty()) {
    on_note(fmt::format("[{}] counters are left out, as they are no weights: {} in all, the first {}", file.origin(),
                        file.counters().size(), io::excerpt(file.counters()[0])));
  }
  const Spelling spelling(file);
  if (!spelling.note().empty()) on_note(fmt::format("[{}] {}", file.origin(), spelling.note()));
  return std::move(file).renamed([&](const std::string& stored) { return spelling.name_of(stored); });
}

}  // namespace revunet
