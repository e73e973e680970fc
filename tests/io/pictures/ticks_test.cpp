// Tests ticks of axes and charts over them, with all values that a damaged file can hold: few ticks, inside the
// picture.

#include <cmath>
#include <limits>
#include <regex>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/pictures/epoch_chart.h"
#include "io/pictures/ticks.h"
#include "tests/support/catch.h"

using namespace revunet;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr double plus_infinity = std::numeric_limits<double>::infinity(),
                 no_number = std::numeric_limits<double>::quiet_NaN();
constexpr double denormal = std::numeric_limits<double>::denorm_min();

std::string chart_of(const std::vector<std::optional<double>>& values, io::EpochChart::Kind kind) {
  io::EpochChart chart{.title = "t",
                       .epochs = {},
                       .series = {{"a", "red", values}},
                       .kind = kind,
                       .greatest = {},
                       .marked = {},
                       .value_in_words = [](double v) { return fmt::format("{:g}", v); }};
  for (size_t i = 0; i < values.size(); ++i) chart.epochs.push_back(static_cast<int64_t>(i) + 1);
  return io::svg_of_chart(chart);
}

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

// Every coordinate is a number within the picture of 560 x 300.
void expect_within_picture(const std::string& svg) {
  const std::regex attribute(" (?:x|y|x1|y1|x2|y2|cx|cy)=\"([^\"]*)\"");
  size_t seen = 0;
  for (std::sregex_iterator a(svg.begin(), svg.end(), attribute), end; a != end; ++a, ++seen) {
    const double value = std::strtod((*a)[1].str().c_str(), nullptr);
    REQUIRE((value >= -0.1 && value <= 560.1));
  }
  CHECK(seen > 4);
  for (const char* word : {"\"nan", "\"inf", "\"-inf", ",nan", ",inf", ",-inf"})
    CHECK(svg.find(word) == std::string::npos);
}

}  // namespace

TEST_CASE("ticks are few round numbers within their axis", "[report]") {
  CHECK(io::ticks_between(0, 1, 6).values.size() == 6);  // 0, 0.2, ..., 1
  CHECK(io::ticks_between(0, 373, 8).values == std::vector<double>{0, 50, 100, 150, 200, 250, 300, 350});
  CHECK(io::ticks_between(-3, 7, 5).values == std::vector<double>{-2, 0, 2, 4, 6});
  for (const auto& [low, high] : {std::pair{0.0, 1e300},
                                  {0.0, denormal},
                                  {-1e300, 1e300},
                                  {1e300, 1e300 * (1 + 1e-15)},
                                  {5.0, 5.0},
                                  {0.0, 0.0},
                                  {0.999999999, 1.0},
                                  {1e15, 1e15 + 1}}) {
    INFO(low << " to " << high);
    const io::Ticks ticks = io::ticks_between(low, high, 6);
    CHECK(ticks.values.size() <= 7);
    CHECK(ticks.distance > 0);
    for (const double at : ticks.values) {
      REQUIRE(std::isfinite(at));
      CHECK(io::tick_label(at, ticks.distance).size() < 22);
    }
  }
  CHECK(io::tick_label(-1234567, 1000) == "-1,234,567");
  CHECK(io::tick_label(-123, 1) == "-123");
  CHECK(io::tick_label(2e30, 1e30) == "2e+30");
  CHECK(io::tick_label(2e-8, 1e-8) == "2e-08");
}

TEST_CASE("charts leave out what has no place on their axis, and say so", "[report]") {
  const std::vector<std::optional<double>> values = {1e-3,      0.0,   -2.0,         plus_infinity,
                                                     no_number, 1e308, std::nullopt, 1e-4};
  const std::string logarithmic = chart_of(values, io::EpochChart::Kind::logarithmic);
  expect_within_picture(logarithmic);
  CHECK(count(logarithmic, "<circle") == 2);
  CHECK_THAT(logarithmic, ContainsSubstring(">5 of 7 values left out: not above 0, or too large<"));
  const std::string lines = chart_of(values, io::EpochChart::Kind::lines);
  expect_within_picture(lines);
  CHECK(count(lines, "<circle") == 4);
  CHECK_THAT(lines, ContainsSubstring(">3 of 7 values left out: too large, or not a number<"));
  const std::string stacked = chart_of(values, io::EpochChart::Kind::stacked);
  expect_within_picture(stacked);
  CHECK_THAT(stacked, ContainsSubstring(">4 of 7 values left out: negative, too large or not a number<"));
  // The mouse shows all of them.
  CHECK_THAT(logarithmic, ContainsSubstring("a: inf") && ContainsSubstring("a: 0<"));
}

TEST_CASE("charts of any values are drawn, with few ticks", "[report]") {
  const std::vector<std::vector<std::optional<double>>> all = {
      {},          {0.0},          {0.0, 0.0},   {plus_infinity},
      {no_number}, {std::nullopt}, {1e-3, 1e-3}, {1e300, denormal},
      {denormal},  {1e-320, 1.0},  {-5.0, -1.0}, {1e300},
      {7.0}};
  for (const auto& values : all) {
    for (const io::EpochChart::Kind kind :
         {io::EpochChart::Kind::lines, io::EpochChart::Kind::logarithmic, io::EpochChart::Kind::stacked}) {
      const std::string svg = chart_of(values, kind);
      if (!values.empty() && values[0]) INFO(*values[0]);
      expect_within_picture(svg);
      CHECK(count(svg, "class=\"grid\"") <= 12);
    }
  }
  CHECK_THAT(chart_of({plus_infinity}, io::EpochChart::Kind::lines), ContainsSubstring(">There is no value to draw.<"));
  CHECK_THAT(chart_of({0.0}, io::EpochChart::Kind::logarithmic), ContainsSubstring(">There is no value to draw.<"));
}

TEST_CASE("labels of epochs do not lie on one another", "[report]") {
  io::EpochChart chart{.title = "t",
                       .epochs = {},
                       .series = {{"a", "red", {}}},
                       .kind = io::EpochChart::Kind::lines,
                       .greatest = {},
                       .marked = {},
                       .value_in_words = [](double v) { return fmt::format("{:g}", v); }};
  for (int64_t i = 0; i < 100; ++i) {
    chart.epochs.push_back((i + 1) * 1'000'000);
    chart.series[0].values.push_back(1.0);
  }
  CHECK(count(io::svg_of_chart(chart), "text-anchor=\"middle\"") <= 20);
}

TEST_CASE("ticks are round numbers and read well", "[report]") {
  CHECK(io::tick_distance(1, 6) == Approx(0.2));
  CHECK(io::tick_distance(373, 8) == Approx(50));
  CHECK(io::tick_distance(0.007, 6) == Approx(0.002));
  CHECK(io::tick_label(1234567, 1000) == "1,234,567");
  CHECK(io::tick_label(0.998, 0.002) == "0.998");
  CHECK(io::tick_label(-1e-17, 0.2) == "0.0");
}
