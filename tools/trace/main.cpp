// revunet-trace shows what a memory trace of revunet-train holds, checks whether it is right, and draws pictures of it.
#include <filesystem>
#include <limits>

#include "io/files/atomic_file.h"
#include "models/plan/trace/chrome_trace_json.h"
#include "models/plan/trace/timeline_picture.h"
#include "models/plan/trace/trace_file.h"
#include "models/plan/trace/trace_tables.h"
#include "models/plan/verify.h"
#include "tools/common/option_table.h"
#include "tools/common/picture_files.h"
#include "tools/common/standard_streams.h"
#include "tools/common/tool_main.h"

using namespace revunet;
using namespace revunet::tools;
namespace fs = std::filesystem;

namespace {

enum class AxisChoice { by_trace, time, events };

struct Arguments {
  fs::path file, out;
  AxisChoice axis = AxisChoice::by_trace;
  bool all_layers = false;
  int64_t step = 0;  // 0: all
};

bool cut_short(const Trace& trace) {
  return trace.end == TraceEnd::no_end_record;
}

RunTrace read(const Arguments& a) {
  RunTrace trace = read_trace(a.file);
  if (cut_short(trace)) {
    print_message(
        "warning: [{}] the trace has no end record: the run was killed or still goes on, or the file was cut "
        "short. What follows describes the {} events before the cut, the last of them in {}\n",
        a.file.string(), trace.events.size(), describe(sections(trace).back()));
  }
  return trace;
}

void verify_trace(const Arguments& a) {
  const RunTrace trace = read(a);
  const Verification result = verify(trace);
  for (const std::string& line : result.confirmed) print_result("{}\n", line);
  for (const std::string& line : result.notes) print_result("note: {}\n", line);
  REVUNET_EXPECTS(result.difference.empty(), Error, "[{}] {}", a.file.string(), result.difference);
  REVUNET_EXPECTS(
      !cut_short(trace), Error,
      "[{}] expected a whole trace, got one without its end record: what is before the cut is as planned, the "
      "rest cannot be verified; record or copy it again",
      a.file.string());
  if (trace.header.device == "meta") {
    print_result(
        "This is the trace of a plan, which was compared with a plan: that they agree proves nothing about a run. "
        "To verify a run, record one with revunet-train --memory-trace, without --plan.\n");
    return;
  }
  print_result("verified\n");
}

// Returns what --out names, or the trace's own name with another ending.
std::string output(const Arguments& a, const char* ending) {
  return a.out.empty() ? fs::path(a.file).replace_extension(ending).string() : a.out.string();
}

void write(const Arguments& a, const std::string& path, const std::string& bytes) {
  std::error_code error;
  REVUNET_EXPECTS(!fs::equivalent(path, a.file, error), UsageError,
                  "[--out] expected another file than the trace, got {}", path);
  io::write_file_atomically(path, bytes);
  print_result("{}\n", path);
}

void plot(const Arguments& a) {
  const RunTrace trace = read(a);
  TimelineChoice options;
  const bool time = a.axis == AxisChoice::by_trace ? trace.header.device != "meta" : a.axis == AxisChoice::time;
  options.axis = time ? TimelineAxis::time : TimelineAxis::events;
  if (a.step != 0) options.step = a.step;
  const auto [svg, png] = picture_files(output(a, ""));
  if (!svg.empty()) write(a, svg, timeline_svg(trace, options));
  if (!png.empty()) write(a, png, timeline_png(trace, options));
}

// Returns the options of a command, of which the trace is the first.
OptionTable options_of(Arguments& a, std::vector<Option> others) {
  others.insert(others.begin(), {.name = "FILE",
                                 .value = path(a.file),
                                 .help = "trace, as revunet-train --memory-trace writes it",
                                 .required = true,
                                 .positional = true});
  return OptionTable({{"Options", std::move(others)}});
}

Option out_option(Arguments& a, const char* help) {
  return {.name = "out", .value = path(a.out), .help = help};
}

std::vector<Option> plot_options(Arguments& a) {
  return {out_option(a, "name.svg, name.png, or a name for both without its ending [FILE's]"),
          {.name = "x",
           .value = choice<AxisChoice>(
               a.axis, {{"auto", AxisChoice::by_trace}, {"time", AxisChoice::time}, {"events", AxisChoice::events}}),
           .help = "x axis: time or events; auto: time, for plans events"},
          {.name = "step",
           .value = whole_number(a.step, 0, std::numeric_limits<int64_t>::max()),
           .help = "draw only this step; 0: the whole trace"}};
}

Program command(const std::string& name, const std::string& description, OptionTable& options,
                std::function<void()> run) {
  return {.name = name,
          .description = description,
          .help = {.examples = {{"revunet-trace " + name + " trace.jsonl", description}}},
          .options = &options,
          .run = std::move(run)};
}

}  // namespace

int main(int argc, char** argv) {
  Arguments a;
  OptionTable trace_alone = options_of(a, {});
  OptionTable peak = options_of(a, {{.name = "all", .value = flag(a.all_layers), .help = "name every layer"}});
  OptionTable drawing = options_of(a, plot_options(a));
  OptionTable conversion = options_of(a, {out_option(a, "file [FILE with the ending .chrome.json]")});
  const Program program = {
      .name = "revunet-trace",
      .description = "Reads memory traces of revunet-train --memory-trace.",
      .help = {.examples = {{"revunet-trace summary trace.jsonl", "shows the steps, their peaks and every fault"},
                            {"revunet-trace verify trace.jsonl", "compares the trace with the plan of its run"},
                            {"revunet-trace plot trace.jsonl", "draws memory over time: trace.svg and trace.png"}}},
      .commands = {
          command("summary",
                  "shows the run, its steps and their peaks, and every fault: leaks, double frees, late frees",
                  trace_alone, [&] { print_result(summary_text(read(a))); }),
          command("peak", "shows the peak by tag and by layer, next to the paper's equations (3) and (4)", peak,
                  [&] { print_result(peak_text(read(a), a.all_layers)); }),
          command(
              "verify",
              "compares the trace with the plan, event by event, and with the equations; exits with 1 and names the "
              "first difference, also with 1 where the trace is cut short. The trace of a plan agrees with the plan "
              "whatever happens: that proves nothing, and verify says so, with exit code 0",
              trace_alone, [&] { verify_trace(a); }),
          command("plot", "draws memory over time, stacked by tag, as SVG and PNG", drawing, [&] { plot(a); }),
          command("convert", "writes the JSON that ui.perfetto.dev and chrome://tracing open", conversion,
                  [&] { write(a, output(a, ".chrome.json"), chrome_trace_json(read(a))); })}};
  return run_tool(program, argc, argv);
}
