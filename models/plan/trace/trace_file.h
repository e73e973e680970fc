// This file keeps traces in files of JSON lines.
//
//   {"format": "revunet-memory-trace", "version": 1, ...}  the header: program, date, device, threads, settings, and
//                                                          the names that the numbers of events stand for
//   {"layer": 1, "name": "parameters"}                     before the first event of that layer
//   {"step": 1, "nanoseconds": 3125}                       before the step's first event
//   [1,3140,35184372088832,1024,864,0,1,0,1,0]             an event; the header's "event" names the fields
//   {"end": "run ended", "steps": 3, "events": 4711}       the last line: without it the file is cut short
//
// Rule: a trace is written as it is recorded. A file without its end record holds what came before the cut.
#pragma once

#include <filesystem>

#include "io/files/atomic_file.h"
#include "models/plan/trace/run_trace.h"

namespace revunet {

// A TraceWriter writes a trace that grows. Throws DataError where it cannot write. Does not publish and does not
// commit.
class TraceWriter {
 public:
  TraceWriter(io::AtomicFile& file, TraceHeader header) : file_(file), header_(std::move(header)) {}

  // Writes what was added to the trace since the last call, which was for the same trace.
  void add(const Trace& trace);
  // Does the same, then writes the end record.
  void end(const Trace& trace);

 private:
  void write_layers(const Trace& trace, uint32_t last);
  void write_steps(const Trace& trace);

  io::AtomicFile& file_;
  TraceHeader header_;
  std::string text_;  // waits to be written to the file
  bool begun_ = false;
  size_t events_ = 0, steps_ = 0;
  uint32_t layers_ = 0;
};

// Writes a complete trace at once.
void write_trace(io::AtomicFile& file, const RunTrace& trace);

// Throws DataError with file and line for anything that a TraceWriter would not have written. A file that is cut short
// after its header is read up to the cut: the trace's end is then no_end_record. A last line without its line break
// counts as cut unless it can be read.
RunTrace read_trace(const std::filesystem::path& path);

}  // namespace revunet
