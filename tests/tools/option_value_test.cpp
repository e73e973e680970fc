// Tests what options take, what they refuse and with which words, and that each writes its value as it would be typed.
#include "tools/common/option_value.h"

#include <limits>

#include "engine/error.h"
#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using namespace revunet::tools;

namespace {

// Returns the value's text after each text that it takes.
std::string after(const OptionValue& value, const std::string& text) {
  value.set("--x", text);
  return value.text();
}

std::string refusal(const OptionValue& value, const std::string& text) {
  return message_of<UsageError>([&] { value.set("--x", text); });
}

}  // namespace

TEST_CASE("whole numbers of options are whole, in range, and of 64 bits", "[options]") {
  int64_t n = 5;
  const OptionValue value = whole_number(n, -3, 1000);
  CHECK(value.text() == "5");
  for (const char* text : {"-3", "0", "1000"}) CHECK(after(value, text) == text);
  CHECK(n == 1000);
  for (const char* text : {"", "ten", "1.0", "1e2", " 1", "1 ", "0x1", "-4", "1001", "99999999999999999999"}) {
    INFO(text);
    CHECK(refusal(value, text) == "[--x] expected a whole number from -3 to 1000, got " + std::string(text));
  }
  CHECK(n == 1000);  // unchanged
  uint64_t seed = 0;
  CHECK(after(seed_number(seed), "18446744073709551615") == "18446744073709551615");
  CHECK(seed == std::numeric_limits<uint64_t>::max());
  CHECK(refusal(seed_number(seed), "-1") == "[--x] expected a whole number from 0 to 18446744073709551615, got -1");
  std::optional<int64_t> none;
  CHECK(whole_number(none, 1, 9).text() == "");
  CHECK(after(whole_number(none, 1, 9), "3") == "3");
}

TEST_CASE("numbers of options are within their bounds, and no NaN", "[options]") {
  double d = 0.1;
  CHECK(number(d, {0, 1}).text() == "0.1");
  CHECK(after(number(d, {0, 1}), "1e-5") == "1e-05");
  CHECK(d == 1e-5);
  CHECK(after(number(d, {0, 1}), "1") == "1");
  for (const char* text : {"nan", "inf", "1.0001", "-1e-9", "", "half", "0,5"}) {
    CHECK(refusal(number(d, {0, 1}), text) == "[--x] expected a number from 0 to 1, got " + std::string(text));
  }
  const Range open{.least = 0, .most = 1, .above = true, .below = true};
  CHECK(refusal(number(d, open), "0") == "[--x] expected a number above 0 and below 1, got 0");
  CHECK(refusal(number(d, open), "1") == "[--x] expected a number above 0 and below 1, got 1");
  CHECK(after(number(d, open), "0.999") == "0.999");
  const Range half_open{.least = 0, .most = 1, .below = true};
  CHECK(after(number(d, half_open), "0") == "0");
  CHECK(refusal(number(d, half_open), "1") == "[--x] expected a number from 0 to below 1, got 1");
}

TEST_CASE("lists, sizes, bytes, words and flags of options", "[options]") {
  std::vector<int64_t> drops = {1, 2};
  CHECK(after(list(drops, "none"), "none") == "none");
  CHECK(drops.empty());
  CHECK(after(list(drops, "none"), "3,40") == "3,40");
  io::VolumeSize volume;
  CHECK(after(size(volume), "16,24,8") == "16,24,8");
  CHECK(volume == io::VolumeSize(16, 24, 8));
  std::optional<io::VolumeSize> patch = volume;
  CHECK(after(size_or(patch, "full"), "full") == "full");
  CHECK_FALSE(patch.has_value());
  double low = 0, high = 0;
  CHECK(after(number_pair(low, high), "0.9,1.1") == "0.9,1.1");
  CHECK((low == 0.9 && high == 1.1));
  CHECK(refusal(number_pair(low, high), "1") == "[--x] expected two numbers, such as 0.9,1.1, got 1");
  std::array<bool, 3> chosen{};
  CHECK(after(axes(chosen), "none") == "none");
  CHECK(chosen == std::array{false, false, false});
  CHECK(after(axes(chosen), "x") == "x");
  CHECK(chosen == std::array{true, false, false});
  CHECK(after(axes(chosen), "z,y") == "y,z");
  CHECK(chosen == std::array{false, true, true});
  for (const char* bad : {"", "x,", "x,x", "xy", "w", "x;y", "X"}) {
    CHECK(refusal(axes(chosen), bad) == fmt::format("[--x] expected none, or some of x,y,z, each once, got {}", bad));
  }
  std::vector<double> tolerances;
  const OptionValue several = numbers(tolerances, {.least = 0, .most = 9, .above = true});
  CHECK(after(several, "0.5,1,2") == "0.5,1,2");
  CHECK(tolerances == std::vector<double>{0.5, 1, 2});
  CHECK(refusal(several, "1,0") == "[--x] expected a number above 0 and up to 9, got 0");
  CHECK(refusal(several, "1,2,1") == "[--x] expected each number once, got 1 again in 1,2,1; leave it out");
  std::optional<size_t> budget;
  CHECK(after(bytes(budget), "8GiB") == "8589934592");
  CHECK(after(bytes(budget), "0") == "0");
  CHECK_FALSE(budget.has_value());
  enum class Mode { fast, exact } mode = Mode::fast;
  const OptionValue choices = choice<Mode>(mode, {{"fast", Mode::fast}, {"exact", Mode::exact}});
  CHECK(choices.kind == "{fast,exact}");
  CHECK(after(choices, "exact") == "exact");
  CHECK(mode == Mode::exact);
  CHECK(refusal(choices, "exakt") == "[--x] expected fast or exact, got exakt; did you mean exact?");
  bool on = false;
  CHECK(after(flag(on), "true") == "true");
  CHECK(on);
  CHECK(refusal(flag(on), "yes") == "[--x] expected true or false, got yes");
}

TEST_CASE("a path from the root is the same from every folder, any other stays as it is typed", "[options]") {
  std::filesystem::path typed, fixed;
  CHECK(after(path(typed), "a/../b") == "a/../b");
  CHECK(after(path_from_root(fixed), "a/../b") == (std::filesystem::current_path() / "b").string());
  CHECK(after(path_from_root(fixed), "") == "");
}
