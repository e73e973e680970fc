// Traces in files of JSON lines.
//
//   {"format": "revunet-memory-trace", "version": 1, ...}  the header: program, date, device, threads, settings, and
//                                                          the names that the numbers of events stand for
//   {"layer": 1, "name": "parameters"}                     before the first event of that layer
//   {"step": 1, "nanoseconds": 3125}                       before the step's first event
//   [1,3140,35184372088832,1024,864,0,1,0,1,0]             an event; the header's "event" names the fields
//   {"end": "run ended", "steps": 3, "events": 4711}       the last line: without it the file is cut short
#pragma once

#include <filesystem>

#include "io/atomic_file.h"
#include "tools/trace/trace.h"

namespace revunet::tools {

// DataError if it cannot write. Does not commit.
void write_trace(io::AtomicFile& file, const Trace& trace);

// DataError naming file and line for anything that write_trace would not have written.
Trace read_trace(const std::filesystem::path& path);

}  // namespace revunet::tools
