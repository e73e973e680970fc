#include "bench/common/command_line.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "engine/error.h"
#include "engine/process/waiting_threads.h"
#include "io/text/parse_number.h"
#include "kernels/conv3d/cpu/limit_instructions.h"

namespace revunet::bench {

namespace {

template <class Number>
Number number_of(const std::string& name, const std::string& text) {
  const std::optional<Number> value = io::parse_number<Number>(text);
  REVUNET_EXPECTS(value, UsageError, "[--{}] expected a number, got {}", name, text);
  return *value;
}

const std::string& only(const std::string& name, const std::vector<std::string>& values) {
  REVUNET_EXPECTS(values.size() == 1, UsageError, "[--{}] expected one value, got {}", name, values.size());
  return values.front();
}

template <class Number>
Number count_of(const std::string& name, const std::string& text) {
  const auto value = number_of<Number>(name, text);
  REVUNET_EXPECTS(value >= 1, UsageError, "[--{}] expected 1 or more, got {}", name, text);
  return value;
}

std::vector<std::string> split_at_commas(const std::vector<std::string>& words) {
  std::vector<std::string> parts;
  for (const std::string& word : words) {
    for (size_t begin = 0; begin <= word.size();) {
      const size_t end = std::min(word.find(',', begin), word.size());
      parts.push_back(word.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  return parts;
}

template <class Number>
Argument one_count(const std::string& name, Number& value, const std::string& help) {
  return {name, help, [name, &value](const auto& values) { value = count_of<Number>(name, only(name, values)); }};
}

template <class Number>
Argument many_counts(const std::string& name, std::vector<Number>& values, const std::string& help) {
  return {name, help, [name, &values](const auto& words) {
            values.clear();
            for (const std::string& part : split_at_commas(words)) values.push_back(count_of<Number>(name, part));
          }};
}

void show_help(const std::string& program, const std::string& about, const std::vector<Argument>& arguments) {
  fmt::print("{}\n\nUsage: {} [--name VALUE]...\n\n", about, program);
  for (const Argument& a : arguments) fmt::print("  --{}\n      {}\n", a.name, a.help);
}

// Returns whether there is a benchmark to run.
bool parse(const std::vector<std::string>& words, const std::string& about, const std::vector<Argument>& arguments) {
  for (size_t i = 1; i < words.size();) {
    if (words[i] == "--help" || words[i] == "-h") return show_help(words[0], about, arguments), false;
    const size_t equals = std::min(words[i].find('='), words[i].size());
    const auto argument =
        std::ranges::find(arguments, words[i].substr(0, equals), [](const Argument& a) { return "--" + a.name; });
    REVUNET_EXPECTS(argument != arguments.end(), UsageError, "expected an option that --help shows, got {}", words[i]);
    std::vector<std::string> values;
    if (equals < words[i].size()) values.push_back(words[i].substr(equals + 1));
    for (++i; i < words.size() && !words[i].starts_with("--"); ++i) values.push_back(words[i]);
    argument->set(values);
  }
  return true;
}

}  // namespace

Argument text(const std::string& name, std::string& value, const std::string& help) {
  return {name, help, [name, &value](const auto& values) { value = only(name, values); }};
}

Argument words(const std::string& name, std::vector<std::string>& values, const std::string& help) {
  return {name, help, [&values](const auto& given) { values = split_at_commas(given); }};
}

Argument texts(const std::string& name, std::vector<std::string>& values, const std::string& help) {
  return {name, help, [&values](const auto& words) { values = words; }};
}

Argument count(const std::string& name, int& value, const std::string& help) {
  return one_count(name, value, help);
}

Argument count(const std::string& name, int64_t& value, const std::string& help) {
  return one_count(name, value, help);
}

Argument counts(const std::string& name, std::vector<int>& values, const std::string& help) {
  return many_counts(name, values, help);
}

Argument counts(const std::string& name, std::vector<int64_t>& values, const std::string& help) {
  return many_counts(name, values, help);
}

Argument numbers(const std::string& name, std::vector<double>& values, const std::string& help) {
  return {name, help, [name, &values](const auto& words) {
            values.clear();
            for (const std::string& part : split_at_commas(words)) values.push_back(number_of<double>(name, part));
          }};
}

Argument flag(const std::string& name, bool& value, const std::string& help) {
  return {name, help, [name, &value](const auto& values) {
            REVUNET_EXPECTS(values.empty(), UsageError, "[--{}] expected no value, got {}", name, values.front());
            value = true;
          }};
}

namespace {

// An argument whose value is the name of one of these.
template <class Values>
Argument named(const std::string& name, const Values& all, const std::string& help,
               std::function<void(typename Values::value_type)> set) {
  std::vector<std::string> names;
  for (const auto value : all) names.emplace_back(name_of(value));
  const std::string list = fmt::format("{}", fmt::join(names, ", "));
  return {name, fmt::format("one of {}: {}", list, help), [=](const auto& values) {
            const auto found = std::ranges::find(names, only(name, values));
            REVUNET_EXPECTS(found != names.end(), UsageError, "[--{}] expected one of {}, got {}", name, list,
                            values.front());
            set(all[static_cast<size_t>(found - names.begin())]);
          }};
}

}  // namespace

std::vector<Argument> machine_arguments(Precision& precision, DeviceOptions& device) {
  return {named("precision", kPrecisions, "of activations and of operands of convolutions [fp32]",
                [&precision](Precision p) { precision = p; }),
          {"device", "cpu, cuda or cuda:N; auto: the first CUDA device if there is one, else the CPU",
           [&device](const auto& values) {
             const DeviceOptions chosen = device_of(only("device", values));
             device.kind = chosen.kind, device.index = chosen.index, device.layout = chosen.layout;
           }},
          {"no-deterministic", "on CUDA, the fastest convolutions, whose bits may differ from run to run",
           [&device](const auto&) { device.arithmetic.deterministic = false; }},
          {"conv-algorithms", "on CUDA, the file of the convolution algorithms that were chosen by timing",
           [&device](const auto& values) { device.algorithm_file = only("conv-algorithms", values); }},
          named("cpu-instructions", kCpuInstructions, "instructions that the CPU uses at most [all that it has]",
                limit_cpu_instructions)};
}

int run_benchmark(int argc, char** argv, const std::string& about, const std::vector<Argument>& arguments,
                  const std::function<void()>& body) {
  bound_spinning(argv);  // as the tools do
  try {
    if (parse({argv, argv + argc}, about, arguments)) body();
    return 0;
  } catch (const UsageError& e) {
    fmt::print(stderr, "{}: error: {}\n", argv[0], e.what());
    return 2;
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}: error: {}\n", argv[0], e.what());
    return 1;
  }
}

}  // namespace revunet::bench
