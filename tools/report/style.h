// How report.html looks: light, or dark where the reader's system is. No <, > or &: the page is XML too.
#pragma once

namespace revunet::tools {

inline constexpr const char* kReportStyle = R"css(
:root { color-scheme: light dark; --page: #f6f7f9; --card: #ffffff; --ink: #22262b; --pale: #667079; --grid: #e3e6ea;
        --wt: #009e73; --tc: #0072b2; --et: #d55e00; }
@media (max-width: 520px) { .tiles { grid-template-columns: 1fr 1fr; } }
@media (prefers-color-scheme: dark) {
  :root { --page: #14171a; --card: #1e2226; --ink: #e6e8ea; --pale: #9aa3ab; --grid: #333940;
          --wt: #2fd3a0; --tc: #56b4ff; --et: #ff7f2a; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1240px; padding: 24px 20px 48px; background: var(--page); color: var(--ink);
       font: 15px/1.45 system-ui, "DejaVu Sans", sans-serif; }
h1 { font-size: 24px; font-weight: 400; margin: 0; }
h2 { font-size: 18px; font-weight: 600; margin: 32px 0 12px; }
.about { color: var(--pale); margin: 4px 0 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 178px), 1fr)); gap: 12px; margin: 20px 0; }
.tile, .charts svg, .settings, details { background: var(--card); border: 1px solid var(--grid); border-radius: 8px; }
.tile { padding: 12px 14px; }
.what, .more { color: var(--pale); font-size: 13px; }
.value { font-size: 24px; font-variant-numeric: tabular-nums; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 12px; }
.charts svg { display: block; width: 100%; height: auto; padding: 8px; }
.charts text { fill: var(--pale); font-size: 11px; }
.charts .title { fill: var(--ink); font-size: 14px; font-weight: 600; }
.charts .note { fill: var(--ink); }
.grid { stroke: var(--grid); }
.axis { stroke: var(--pale); }
.mark { stroke: var(--ink); stroke-dasharray: 3 3; }
polyline { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.column { fill: var(--ink); fill-opacity: 0; }
.column:hover { fill-opacity: 0.1; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 480px), 1fr)); gap: 12px; }
.pictures img { width: 100%; border-radius: 8px; display: block; }
.timeline img { width: 100%; margin-top: 12px; border-radius: 8px; display: block; background: #ffffff; }
.settings { columns: 320px; padding: 12px 16px; font-size: 13.5px; }
.settings div { break-inside: avoid; overflow-wrap: anywhere; }
.key { color: var(--pale); display: inline-block; min-width: 11.5em; }
details { padding: 8px 14px; margin-bottom: 8px; }
summary { cursor: pointer; }
)css";

}  // namespace revunet::tools
