// This is the style of report.html: light, or dark where the reader's system is dark. It has no <, > or &, because the
// page is XML too.
//
// Rule: what is for narrow screens and for dark ones comes last, because the later of two rules wins.
#pragma once

#include <fmt/format.h>

#include <string>

#include "io/pictures/canvas.h"
#include "io/pictures/region_colours.h"

namespace revunet {

// Rows of tiles, charts and pictures are flexible boxes, whose last row is as wide as the others.
inline constexpr const char* kReportRules = R"css(
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1240px; padding: 24px 20px 48px; background: var(--page); color: var(--ink);
       font: 15px/1.45 system-ui, "DejaVu Sans", sans-serif; }
h1 { font-size: 24px; font-weight: 400; margin: 0 0 8px; overflow-wrap: anywhere; }
h2 { font-size: 18px; font-weight: 600; margin: 32px 0 8px; }
.about { color: var(--pale); margin: 4px 0; overflow-wrap: anywhere; }
code { font: 13px/1.4 ui-monospace, "DejaVu Sans Mono", monospace; }
.tiles, .charts, .pictures { display: flex; flex-wrap: wrap; gap: 12px; margin: 12px 0; }
.tiles { margin: 20px 0; }
.tile, .card, .charts svg, .settings, details { background: var(--card); border: 1px solid var(--grid); border-radius: 8px; }
.tile { flex: 1 1 178px; padding: 12px 14px; }
.what, .more { color: var(--pale); font-size: 13px; }
.value { font-size: 24px; font-variant-numeric: tabular-nums; }
.charts svg, .charts .card { flex: 1 1 480px; min-width: 0; }
.charts svg { display: block; height: auto; padding: 8px; }
.charts text { fill: var(--pale); font-size: 11px; }
.charts .title { fill: var(--ink); font-size: 13px; font-weight: 600; }
.charts .note { fill: var(--ink); }
.card { margin: 0; padding: 14px 18px; }
.grid { stroke: var(--grid); }
.axis { stroke: var(--pale); }
.mark { stroke: var(--ink); stroke-dasharray: 4 3; }
polyline { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
.column { fill: var(--ink); fill-opacity: 0; }
.column:hover { fill-opacity: 0.1; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; margin-bottom: 6px; }
th { color: var(--pale); font-weight: 400; font-size: 13px; }
th, td { text-align: right; padding: 3px 0 3px 12px; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
tr:last-child td { border-top: 1px solid var(--grid); }
.swatch { display: inline-block; width: 11px; height: 11px; border-radius: 2px; margin-right: 8px; }
.pictures div { flex: 1 1 100%; overflow-x: auto; border-radius: 8px; }
.pictures.of1 div { max-width: 840px; margin: 0 auto; }
.pictures.of2 div { flex-basis: 45%; }
.pictures.of3 div { flex-basis: 30%; }
.pictures img { width: 100%; display: block; }
.timeline { overflow-x: auto; margin-top: 12px; border: 1px solid var(--grid); border-radius: 8px; }
.timeline img { width: 100%; min-width: 900px; display: block; background: #ffffff; }
.settings { columns: 320px; padding: 12px 16px; font-size: 13.5px; }
.settings div { break-inside: avoid; overflow-wrap: anywhere; }
.key { color: var(--pale); display: inline-block; min-width: 11.5em; }
details { padding: 8px 14px; margin-bottom: 8px; }
summary { cursor: pointer; }
@media (max-width: 700px) {
  .pictures div, .pictures.of2 div, .pictures.of3 div { flex-basis: 100%; }
  .charts svg, .charts .card { flex-basis: 100%; }
}
@media (max-width: 520px) {
  body { padding: 16px 10px 32px; }
  .tile { flex-basis: 40%; padding: 10px 12px; }
  .value { font-size: 20px; }
  .charts svg { padding: 4px; }
  .charts text { font-size: 14px; }
  .charts .title { font-size: 15.5px; }
  .pictures img { min-width: 560px; }
}
)css";

// Returns the CSS variables of the regions' colours.
inline std::string regions_of_style(const io::RegionColours& colours) {
  std::string style;
  for (size_t r = 0; r < colours.size(); ++r) style += fmt::format(" --region-{}: #{:06x};", r, colours[r]);
  return style;
}

// The colours of light pages are those of pictures on white.
inline std::string report_style() {
  const std::string light = fmt::format(
      ":root {{ color-scheme: light dark; --page: #f6f7f9; --card: #ffffff; --ink: #{:06x}; --pale: #{:06x}; "
      "--grid: #{:06x};{} }}",
      io::kInkOnWhite, io::kPaleOnWhite, io::kGridOnWhite, regions_of_style(io::kRegionColours));
  const std::string dark = fmt::format(
      "@media (prefers-color-scheme: dark) {{\n"
      "  :root {{ --page: #14171a; --card: #1e2226; --ink: #e6e8ea; --pale: #a4adb5; --grid: #333940;{} }}\n"
      "  .timeline img {{ filter: invert(0.9) hue-rotate(180deg); }}\n}}\n",
      regions_of_style(io::kRegionColoursOnBlack));
  return "\n" + light + kReportRules + dark;
}

}  // namespace revunet
